// SPDX-License-Identifier: GPL-2.0
/*
 * The cases in C, named as in Rust.
 *
 * A `Coherent` holds a reference to its device, so it is compared with the cases `*_ref`, which
 * take and drop one too.
 */

#include <linux/dma-mapping.h>
#include <linux/sizes.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "harness.h"

static __always_inline u64 allocate(struct device *dev, size_t size, gfp_t gfp, unsigned long attrs)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_attrs(dev, size, &dma, gfp, attrs);

	if (!cpu)
		return 1;
	dma_free_attrs(dev, size, cpu, dma, attrs);
	return 0;
}

static __always_inline u64 allocate_ref(struct device *dev, size_t size, gfp_t gfp,
					unsigned long attrs)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_attrs(dev, size, &dma, gfp, attrs);
	struct device *held;

	if (!cpu)
		return 1;
	held = get_device(dev);
	dma_free_attrs(held, size, cpu, dma, attrs);
	put_device(held);
	return 0;
}

#define ALLOCATE(name, size, gfp, attrs)					\
	static noinline u64 name(void *arg, size_t index)			\
	{									\
		return allocate(arg, size, gfp, attrs);				\
	}									\
	static noinline u64 name##_ref(void *arg, size_t index)			\
	{									\
		return allocate_ref(arg, size, gfp, attrs);			\
	}

#define SIZES(X) X(64) X(4096) X(65536) X(1048576) X(4194304)

#define DEFINE(size)								\
	ALLOCATE(alloc_normal_##size, size, GFP_KERNEL | __GFP_ZERO, 0)		\
	ALLOCATE(alloc_no_mapping_##size, size, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING)
SIZES(DEFINE)

struct entry {
	u64 address;
	u32 length;
	u32 flags;
};

/* `Layout` in layout.rs. */
struct layout {
	u64 head[32];
	struct entry ring[8][8];
	u64 block[4];
	u64 word64;
	u32 word32;
	u16 word16;
	u8 word8;
	u8 pad;
};

struct buffer {
	dma_addr_t dma;
	struct layout *cpu;
};

static noinline u64 project_field(void *arg, size_t index)
{
	struct buffer *buffer = arg;

	return buffer->dma + offsetof(struct layout, word64);
}

static noinline u64 project_nested(void *arg, size_t index)
{
	struct buffer *buffer = arg;

	return buffer->dma + offsetof(struct layout, ring[5][3].flags);
}

static noinline u64 project_try(void *arg, size_t index)
{
	struct buffer *buffer = arg;

	if (index >= ARRAY_SIZE(buffer->cpu->ring))
		return 0;
	return buffer->dma + offsetof(struct layout, ring[0]) +
	       index * sizeof(buffer->cpu->ring[0]);
}

static noinline u64 range_try(void *arg, size_t index)
{
	struct buffer *buffer = arg;

	if (index >= sizeof(*buffer->cpu))
		return 0;
	return buffer->dma + index;
}

#define ACCESS(width)								\
	static noinline u64 read_u##width(void *arg, size_t index)		\
	{									\
		struct buffer *buffer = arg;					\
										\
		return READ_ONCE(buffer->cpu->word##width);			\
	}									\
	static noinline u64 write_u##width(void *arg, size_t index)		\
	{									\
		struct buffer *buffer = arg;					\
										\
		WRITE_ONCE(buffer->cpu->word##width, index);			\
		return 0;							\
	}
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)

static noinline u64 copy_read(void *arg, size_t index)
{
	struct buffer *buffer = arg;
	u64 value = 0;

	for (int i = 0; i < ARRAY_SIZE(buffer->cpu->block); i++)
		value ^= READ_ONCE(buffer->cpu->block[i]);
	return value;
}

static noinline u64 copy_write(void *arg, size_t index)
{
	struct buffer *buffer = arg;

	for (int i = 0; i < ARRAY_SIZE(buffer->cpu->block); i++)
		WRITE_ONCE(buffer->cpu->block[i], index);
	return 0;
}

void coherent_bench_baseline(struct device *dev)
{
	struct buffer buffer;

#define RUN(name, arg, batch) coherent_bench_run("c", #name, name, arg, 3, batch)
#define RUN_SIZE(size)								\
	RUN(alloc_normal_##size, dev, 1);					\
	RUN(alloc_normal_##size##_ref, dev, 1);					\
	RUN(alloc_no_mapping_##size, dev, 1);					\
	RUN(alloc_no_mapping_##size##_ref, dev, 1);
	SIZES(RUN_SIZE)

	buffer.cpu = dma_alloc_attrs(dev, sizeof(*buffer.cpu), &buffer.dma,
				     GFP_KERNEL | __GFP_ZERO, 0);
	if (!buffer.cpu)
		return;
	RUN(project_field, &buffer, 16);
	RUN(project_nested, &buffer, 16);
	RUN(project_try, &buffer, 16);
	RUN(range_try, &buffer, 16);
	RUN(read_u8, &buffer, 16);
	RUN(read_u16, &buffer, 16);
	RUN(read_u32, &buffer, 16);
	RUN(read_u64, &buffer, 16);
	RUN(write_u8, &buffer, 16);
	RUN(write_u16, &buffer, 16);
	RUN(write_u32, &buffer, 16);
	RUN(write_u64, &buffer, 16);
	RUN(copy_read, &buffer, 16);
	RUN(copy_write, &buffer, 16);
	dma_free_attrs(dev, sizeof(*buffer.cpu), buffer.cpu, buffer.dma, 0);
}
