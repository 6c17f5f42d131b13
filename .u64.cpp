#include "kernels/kmc/advance_mlp_float64.cpp"
#include "kernels/kmc/advance_consistent_float64.cpp"
#include "kernels/kmc/advance_site_mlp_float64.cpp"
#include "kernels/kmc/advance_cnn_float64.cpp"
