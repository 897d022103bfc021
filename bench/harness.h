/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COHERENT_BENCH_HARNESS_H
#define COHERENT_BENCH_HARNESS_H

#include <linux/types.h>

/* One unit of work. The result is used, so that no compiler can drop the work. */
typedef u64 (*coherent_bench_fn)(void *arg, size_t index);

struct device *coherent_bench_device(void);
void coherent_bench_run(const char *language, const char *name, coherent_bench_fn run, void *arg,
			size_t index, unsigned int batch);

void coherent_bench_baseline(struct device *dev);

#endif
