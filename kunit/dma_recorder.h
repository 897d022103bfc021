/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COHERENT_KUNIT_DMA_RECORDER_H
#define _COHERENT_KUNIT_DMA_RECORDER_H

#include <linux/types.h>

struct device;
struct kunit;

/* The arguments and the results of a call of dma_alloc_attrs(). */
struct dma_allocation {
	u64 dma_addr;
	unsigned long cookie;
	size_t size;
	unsigned long attrs;
	u32 gfp_flags;
};

/* What every allocation for a device has: of attrs_mask these attributes, and these flags. */
struct dma_expected {
	unsigned long attrs_mask;
	unsigned long attrs;
	u32 gfp_flags;
};

int coherent_kunit_recorder_register(void);
void coherent_kunit_recorder_unregister(void);
int dma_record_start(struct device *dev, const struct dma_expected *expected);
void dma_record_stop(struct kunit *test, struct device *dev);
unsigned int coherent_kunit_calls(struct device *dev, struct dma_allocation *last);
unsigned int coherent_kunit_frees(struct device *dev);

#endif
