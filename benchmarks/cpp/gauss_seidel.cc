// The limit to measure against: Gauss-Seidel sweeps in C++, as an expert would write them.
//
// x_i = base_i + damping * sum_j A_ij x_j, updated in place, until the changes of one sweep sum to
// less than `stop` (trust, PageRank) or none exceeds it (exposure). z is what is gathered: x for
// exposure, x divided by what is handed out for trust. Threads share z without locks, as in pr.cc
// of the GAP benchmark suite (Beamer, Asanovic & Patterson, 2015): results vary from run to run.
// Built by benchmarks/limit.py into a shared library; knows nothing of Python.

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

struct Graph {
  int64_t n;
  const int64_t* indptr;
  const int32_t* indices;
  const double* sums;  // row weight (averaging) or weight handed out (handing on)
  bool by_column;
};

template <typename Real, bool weighted>
int Sweeps(const Graph& g, const Real* w, const double* base, const double* begin,
           double damping, double stop, int most, double* out) {
  std::vector<Real> z(g.n), scale(g.n), fixed(g.n);
  for (int64_t i = 0; i < g.n; i++) {
    scale[i] = g.sums[i] > 0 ? Real(1 / g.sums[i]) : Real(1);
    fixed[i] = Real(base[i]);
    z[i] = Real(begin[i]) * (g.by_column ? scale[i] : Real(1));
  }
  const Real alpha = Real(damping);
  for (int sweep = 1;; sweep++) {
    double total = 0, top = 0;
#pragma omp parallel for reduction(+ : total) reduction(max : top) schedule(dynamic, 16384)
    for (int64_t i = 0; i < g.n; i++) {
      Real sum = 0;
      for (int64_t k = g.indptr[i]; k < g.indptr[i + 1]; k++)
        sum += weighted ? w[k] * z[g.indices[k]] : z[g.indices[k]];
      // The row weight scales the sum (averaging) or the result (handing on).
      const Real t = fixed[i] + alpha * (g.by_column ? sum : sum * scale[i]);
      const Real fresh = g.by_column ? t * scale[i] : t;
      double moved = std::fabs(double(fresh) - double(z[i]));
      if (g.by_column && g.sums[i] > 0) moved *= g.sums[i];
      total += moved;
      top = moved > top ? moved : top;
      z[i] = fresh;
    }
    if ((g.by_column ? total : top) >= stop && sweep < most) continue;
    for (int64_t i = 0; i < g.n; i++)
      out[i] = g.by_column && g.sums[i] > 0 ? double(z[i]) * g.sums[i] : double(z[i]);
    return sweep;
  }
}

}  // namespace

#define ENTRY(name, Real)                                                                      \
  extern "C" int name(int64_t n, const int64_t* indptr, const int32_t* indices, const Real* w, \
                      const double* sums, int by_column, const double* base,                   \
                      const double* begin, double damping, double stop, int most,              \
                      double* out) {                                                           \
    const Graph g{n, indptr, indices, sums, by_column != 0};                                   \
    return w ? Sweeps<Real, true>(g, w, base, begin, damping, stop, most, out) \
             : Sweeps<Real, false>(g, w, base, begin, damping, stop, most, out);               \
  }

ENTRY(gauss_seidel_f32, float)
ENTRY(gauss_seidel_f64, double)
