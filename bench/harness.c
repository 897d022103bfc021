// SPDX-License-Identifier: GPL-2.0
/*
 * The clock, the samples and the device, for C and Rust.
 *
 * The clock is the time-stamp counter. Under QEMU's -icount shift=0 it advances by one for each
 * instruction, which the calibration proves with 100,000 and 200,000 rounds of a loop of
 * two instructions.
 */

#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <asm/msr.h>

#include "harness.h"

#define WARM_UP	20
#define SAMPLES	101
#define ROUND	100

static u64 samples[SAMPLES];
static struct faux_device *faux;

struct device *coherent_bench_device(void)
{
	return &faux->dev;
}
EXPORT_SYMBOL_GPL(coherent_bench_device);

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Prints the median count of @batch calls of @run. */
void coherent_bench_run(const char *language, const char *name, coherent_bench_fn run, void *arg,
			size_t index, unsigned int batch)
{
	u64 value = 0;

	for (int i = -WARM_UP; i < SAMPLES; i++) {
		u64 start = rdtsc_ordered();

		for (unsigned int n = 0; n < batch; n++)
			value |= run(arg, index);
		if (i >= 0)
			samples[i] = rdtsc_ordered() - start;
	}
	sort(samples, SAMPLES, sizeof(samples[0]), compare, NULL);
	pr_info("bench language=%s name=%s n=%d batch=%u median=%llu min=%llu max=%llu value=%#llx\n",
		language, name, SAMPLES, batch, samples[SAMPLES / 2], samples[0],
		samples[SAMPLES - 1], value);
}
EXPORT_SYMBOL_GPL(coherent_bench_run);

static u64 calibrate(void *arg, size_t rounds)
{
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (rounds) : : "cc");
	return 0;
}

static u64 empty(void *arg, size_t index)
{
	return 0;
}

/*
 * What one processor does besides this thread of the lowest priority, which looks at the clock in a
 * loop instead of being idle: others ran if a round of the loop takes longer than the loop does.
 */
static u64 busy, last;
static struct task_struct *spinner;

static int spin(void *unused)
{
	sched_set_normal(current, MAX_NICE);
	last = rdtsc_ordered();
	while (!kthread_should_stop()) {
		u64 now = rdtsc_ordered();

		if (now - last > ROUND)
			busy += now - last;
		last = now;
		if (need_resched() || test_thread_flag(TIF_NEED_RESCHED_LAZY))
			schedule();
	}
	return 0;
}

static int busy_set(const char *value, const struct kernel_param *kp)
{
	if (spinner)
		return -EBUSY;
	spinner = kthread_run(spin, NULL, "coherent-bench");
	return PTR_ERR_OR_ZERO(spinner);
}

/* Whoever reads this is busy since the last round. */
static int busy_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", busy + rdtsc_ordered() - last);
}

static const struct kernel_param_ops busy_ops = { .set = busy_set, .get = busy_get };
module_param_cb(busy, &busy_ops, NULL, 0600);
MODULE_PARM_DESC(busy, "What others than a thread do, in clock units; a write starts the thread");

static int __init bench_init(void)
{
	int ret;

	faux = faux_device_create("coherent-bench", NULL, NULL);
	if (!faux)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&faux->dev, DMA_BIT_MASK(64));
	if (ret) {
		faux_device_destroy(faux);
		return ret;
	}

	coherent_bench_run("c", "calibrate_100000", calibrate, NULL, 100000, 1);
	coherent_bench_run("c", "calibrate_200000", calibrate, NULL, 200000, 1);
	coherent_bench_run("c", "empty_1", empty, NULL, 0, 1);
	coherent_bench_run("c", "empty_16", empty, NULL, 0, 16);
	coherent_bench_baseline(&faux->dev);
	return 0;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	if (!IS_ERR_OR_NULL(spinner))
		kthread_stop(spinner);
	faux_device_destroy(faux);
}
module_exit(bench_exit);

MODULE_AUTHOR("The Coherent<T, Kind> project");
MODULE_DESCRIPTION("DMA-coherent memory: benchmark in C");
MODULE_LICENSE("GPL");
