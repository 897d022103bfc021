// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites need of the kernel and what has no Rust bindings: KUnit's device, fault
 * injection, IOMMU domains, threads; and the copying of an edu device that another driver has
 * bound.
 */

#include <kunit/device.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "glue.h"

#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_RUN			BIT(0)
#define EDU_TO_MEMORY		BIT(1)
#define EDU_END			0x100

static struct pci_dev *edu;
static void __iomem *edu_bar;

struct device *coherent_faults_device_register(const char *name)
{
	struct kunit *test = kunit_get_current_test();
	struct device *dev;

	if (!test)
		return NULL;

	dev = kunit_device_register(test, name);
	return IS_ERR(dev) ? NULL : dev;
}

void coherent_faults_device_unregister(struct device *dev)
{
	kunit_device_unregister(kunit_get_current_test(), dev);
}

/* The edu device, if a driver is bound to it. It stays bound until it is unlocked. */
struct device *coherent_faults_edu_lock(void)
{
	edu = pci_get_device(0x1234, 0x11e8, NULL);
	if (!edu)
		return NULL;

	device_lock(&edu->dev);
	if (!device_is_bound(&edu->dev))
		goto unlock;

	/* The driver keeps the region to itself; it has nothing to do at this time. */
	edu_bar = ioremap(pci_resource_start(edu, 0), EDU_END);
	if (edu_bar)
		return &edu->dev;

unlock:
	device_unlock(&edu->dev);
	pci_dev_put(edu);
	return NULL;
}

void coherent_faults_edu_unlock(void)
{
	iounmap(edu_bar);
	device_unlock(&edu->dev);
	pci_dev_put(edu);
}

/* Has the locked device copy between memory and its own buffer. */
int coherent_faults_edu_copy(u32 from, u32 to, u32 bytes, bool to_memory)
{
	int left;

	writel(from, edu_bar + EDU_DMA_SRC);
	writel(to, edu_bar + EDU_DMA_DST);
	writel(bytes, edu_bar + EDU_DMA_COUNT);
	writel(EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0), edu_bar + EDU_DMA_COMMAND);

	/* A copy takes the device 100 ms. */
	for (left = 1000; left > 0; left--) {
		usleep_range(5000, 6000);
		if (!(readl(edu_bar + EDU_DMA_COMMAND) & EDU_RUN))
			return 0;
	}

	return -ETIMEDOUT;
}

void coherent_faults_skip(const char *why)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_mark_skipped(test, "%s", why);
}

unsigned int coherent_faults_references(struct device *dev)
{
	return kref_read(&dev->kobj.kref);
}

/* Bypasses what dma_set_coherent_mask() checks. */
u64 coherent_faults_swap_mask(struct device *dev, u64 mask)
{
	u64 before = dev->coherent_dma_mask;

	dev->coherent_dma_mask = mask;
	return before;
}

/* Whether the device has a pool of its own, from which all its coherent memory comes. */
bool coherent_faults_has_pool(struct device *dev)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	return dev->dma_mem;
#else
	return false;
#endif
}

/* Whether an IOMMU stands between the device and memory. */
bool coherent_faults_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

/* The physical address that the device reaches, or zero. */
u64 coherent_faults_reached(struct device *dev, dma_addr_t addr)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(dev), addr);
}

bool coherent_faults_is_vmalloc(const void *addr)
{
	return is_vmalloc_addr(addr);
}

u64 coherent_faults_physical(const void *addr)
{
	if (is_vmalloc_addr(addr))
		return page_to_phys(vmalloc_to_page(addr)) + offset_in_page(addr);

	return virt_to_phys((void *)addr);
}

/* Makes an allocation of this task fail: the one with this number, counted from one. */
void coherent_faults_arm(unsigned int nth)
{
	current->fail_nth = nth;
}

/* Whether that allocation was made. */
bool coherent_faults_disarm(void)
{
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	return !left;
}

/* Returns how often the kernel warned while @fn ran. */
int coherent_faults_irqs_off(void (*fn)(void *data), void *data)
{
	struct kunit *test = kunit_get_current_test();
	struct kunit_suppressed_warning *warnings;
	unsigned long flags;
	int count;

	if (!test)
		return -EINVAL;
	warnings = kunit_start_suppress_warning(test);
	if (!warnings)
		return -ENOMEM;

	local_irq_save(flags);
	fn(data);
	local_irq_restore(flags);

	count = kunit_suppressed_warning_count(warnings);
	kunit_end_suppress_warning(test, warnings);
	return count;
}

#define THREADS 2

struct faults_thread {
	int (*fn)(const void *data, int number);
	const void *data;
	int number;
	int result;
	struct completion done;
};

static int faults_thread(void *arg)
{
	struct faults_thread *thread = arg;

	thread->result = thread->fn(thread->data, thread->number);
	kthread_complete_and_exit(&thread->done, 0);
}

/* Runs @fn in two threads, each on a CPU of its own if there are two, and waits for both. */
int coherent_faults_threads(int (*fn)(const void *data, int number), const void *data)
{
	struct faults_thread threads[THREADS];
	int i, started, result = 0;

	for (started = 0; started < THREADS; started++) {
		struct faults_thread *thread = &threads[started];
		struct task_struct *task;

		thread->fn = fn;
		thread->data = data;
		thread->number = started;
		init_completion(&thread->done);
		task = kthread_create(faults_thread, thread, "coherent_faults/%d", started);
		if (IS_ERR(task)) {
			result = PTR_ERR(task);
			break;
		}
		kthread_bind(task, cpumask_nth(started % num_online_cpus(), cpu_online_mask));
		wake_up_process(task);
	}

	for (i = 0; i < started; i++) {
		wait_for_completion(&threads[i].done);
		result = result ?: threads[i].result;
	}

	return result;
}

/* Pages that are left for the rest of the kernel. */
#define LEFT_FREE (SZ_32M >> PAGE_SHIFT)

/* How often memory is filled and given back. */
#define PASSES 2

/*
 * Fills up to @blocks blocks of pages with @byte and gives them back, in each of the zones that
 * memory for a device with a narrow mask comes from. Each CPU has lists of free pages of its own,
 * so this thread stays on its CPU from here on.
 *
 * What the first pass could not have is what the allocator hands out first after that: it prefers
 * small blocks, and those that were given back are merged. So there is a second pass.
 */
int coherent_faults_leave(u8 byte, unsigned int order, unsigned int blocks)
{
	/* The narrow zone is small: all of it is filled, reserves included. */
	static const gfp_t zones[] = { GFP_DMA32, GFP_DMA | __GFP_MEMALLOC };
	struct page **pages;
	unsigned int i, pass, zone;
	int ret;

	ret = set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	if (ret)
		return ret;

	pages = kvcalloc(blocks, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;

	for (pass = 0; pass < PASSES; pass++) {
		for (zone = 0; zone < ARRAY_SIZE(zones); zone++) {
			for (i = 0; i < blocks; i++) {
				if (coherent_faults_free_pages() < LEFT_FREE)
					break;
				pages[i] = alloc_pages(zones[zone] | __GFP_NORETRY | __GFP_NOWARN,
						       order);
				if (!pages[i])
					break;
				memset(page_address(pages[i]), byte, PAGE_SIZE << order);
			}
			while (i-- > 0)
				__free_pages(pages[i], order);
		}
	}

	kvfree(pages);
	return 0;
}

unsigned long coherent_faults_free_pages(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram;
}

/* Reads a file of the kernel's, which has no size; returns the bytes that it had, at most @size. */
ssize_t coherent_faults_read_file(const char *path, void *buffer, size_t size)
{
	struct file *file;
	size_t done = 0;
	loff_t at = 0;
	ssize_t got;

	/* Threads of the kernel see no files otherwise. */
	scoped_with_init_fs()
		file = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);

	do {
		got = kernel_read(file, buffer + done, size - done, &at);
		if (got > 0)
			done += got;
	} while (got > 0 && done < size);

	filp_close(file, NULL);
	return got < 0 ? got : done;
}
