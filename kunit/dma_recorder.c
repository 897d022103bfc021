// SPDX-License-Identifier: GPL-2.0
/*
 * Records the dma_alloc and dma_free trace events of the devices under test, so that a suite can
 * assert the arguments that reach the C API. The events fire on every allocation path.
 */

#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include <trace/events/dma.h>

#include "dma_recorder.h"

/* More than any test holds at once. */
#define MAX_LIVE 64

struct dma_record {
	struct list_head list;
	struct device *dev;
	struct dma_expected expected;
	struct dma_allocation last;
	unsigned int calls;
	unsigned int frees;
	/* Calls with unexpected flags or attributes, and frees that match no allocation. */
	unsigned int wrong;
	unsigned int nr_live;
	struct dma_allocation live[MAX_LIVE];
};

static LIST_HEAD(records);
static DEFINE_SPINLOCK(records_lock);

static struct dma_record *find(struct device *dev)
{
	struct dma_record *record;

	list_for_each_entry(record, &records, list)
		if (record->dev == dev)
			return record;
	return NULL;
}

static void on_alloc(void *data, struct device *dev, void *virt_addr, dma_addr_t dma_addr,
		     size_t size, enum dma_data_direction dir, gfp_t flags, unsigned long attrs)
{
	struct dma_record *record;

	guard(spinlock_irqsave)(&records_lock);
	record = find(dev);
	if (!record)
		return;

	record->last = (struct dma_allocation) {
		.dma_addr = dma_addr,
		.cookie = (unsigned long)virt_addr,
		.size = size,
		.attrs = attrs,
		.gfp_flags = (__force u32)flags,
	};
	record->calls++;
	if ((attrs & record->expected.attrs_mask) != record->expected.attrs ||
	    (record->last.gfp_flags & record->expected.gfp_flags) != record->expected.gfp_flags)
		record->wrong++;
	if (!virt_addr)
		return;
	if (record->nr_live < MAX_LIVE)
		record->live[record->nr_live++] = record->last;
	else
		record->wrong++;
}

static void on_free(void *data, struct device *dev, void *virt_addr, dma_addr_t dma_addr,
		    size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	struct dma_record *record;
	unsigned int i;

	guard(spinlock_irqsave)(&records_lock);
	record = find(dev);
	if (!record)
		return;

	record->frees++;
	for (i = 0; i < record->nr_live; i++) {
		struct dma_allocation *made = &record->live[i];

		if (made->dma_addr != dma_addr)
			continue;
		if (made->cookie != (unsigned long)virt_addr || made->size != size ||
		    made->attrs != attrs)
			record->wrong++;
		*made = record->live[--record->nr_live];
		return;
	}
	record->wrong++;
}

/* The tracepoints are not exported by name. */
struct search {
	const char *name;
	struct tracepoint *found;
};

static void compare(struct tracepoint *tp, void *data)
{
	struct search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

static struct tracepoint *tracepoint(const char *name)
{
	struct search search = { .name = name };

	for_each_kernel_tracepoint(compare, &search);
	return search.found;
}

int coherent_kunit_recorder_register(void)
{
	struct tracepoint *alloc = tracepoint("dma_alloc"), *free = tracepoint("dma_free");
	int ret;

	check_trace_callback_type_dma_alloc(on_alloc);
	check_trace_callback_type_dma_free(on_free);
	if (!alloc || !free)
		return -ENOENT;

	ret = tracepoint_probe_register(alloc, on_alloc, NULL);
	if (ret)
		return ret;
	ret = tracepoint_probe_register(free, on_free, NULL);
	if (ret) {
		tracepoint_probe_unregister(alloc, on_alloc, NULL);
		tracepoint_synchronize_unregister();
	}
	return ret;
}

void coherent_kunit_recorder_unregister(void)
{
	tracepoint_probe_unregister(tracepoint("dma_alloc"), on_alloc, NULL);
	tracepoint_probe_unregister(tracepoint("dma_free"), on_free, NULL);
	tracepoint_synchronize_unregister();
}

int dma_record_start(struct device *dev, const struct dma_expected *expected)
{
	struct dma_record *record = kzalloc(sizeof(*record), GFP_KERNEL);

	if (!record)
		return -ENOMEM;

	record->dev = dev;
	record->expected = *expected;
	guard(spinlock_irqsave)(&records_lock);
	list_add(&record->list, &records);
	return 0;
}

/* Fails the test if the device still has memory, or if a call was not as expected. */
void dma_record_stop(struct kunit *test, struct device *dev)
{
	struct dma_record *record;

	scoped_guard(spinlock_irqsave, &records_lock) {
		record = find(dev);
		if (record)
			list_del(&record->list);
	}
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ_MSG(test, record->nr_live, 0, "allocations are not freed");
	KUNIT_EXPECT_EQ_MSG(test, record->wrong, 0, "calls have unexpected arguments");
	kfree(record);
}

/* Returns how many allocations the device was asked for, and the last one. */
unsigned int coherent_kunit_calls(struct device *dev, struct dma_allocation *last)
{
	struct dma_record *record;

	guard(spinlock_irqsave)(&records_lock);
	record = find(dev);
	if (!record)
		return 0;
	*last = record->last;
	return record->calls;
}

/* Returns how many allocations of the device were freed. */
unsigned int coherent_kunit_frees(struct device *dev)
{
	struct dma_record *record;

	guard(spinlock_irqsave)(&records_lock);
	record = find(dev);
	return record ? record->frees : 0;
}
