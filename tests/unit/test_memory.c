/* SPDX-License-Identifier: MIT */
/* Control groups are trees of files made in a scratch directory. */
#include "probe/memory.h"
#include "sys/procfs.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static char scratch[64];

static int enter_scratch(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/umm-test-memory-XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int leave_scratch(void **state)
{
    (void)state;
    return nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Write text to the file name below the scratch directory, with its directories. */
static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", scratch, name);
    for (char *p = path + strlen(scratch) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        (void)mkdir(path, 0755);
        *p = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_host(void)
{
    put("/proc/meminfo", "MemTotal:       1048576 kB\nMemFree:         204800 kB\n"
                         "MemAvailable:    819200 kB\nBuffers:           1024 kB\n"
                         "Cached:          102400 kB\nSwapCached:           0 kB\n"
                         "SwapTotal:       524288 kB\nSwapFree:        523264 kB\n"
                         "Shmem:             2048 kB\nSReclaimable:      3072 kB\n");
    put("/proc/pressure/memory", "some avg10=1.50 avg60=0.25 avg300=0.01 total=12345\n"
                                 "full avg10=0.50 avg60=0.00 avg300=0.00 total=678\n");
}

static void read_here(struct umm_memory *memory)
{
    assert_int_equal(umm_memory_read(scratch, memory, NULL), UMM_OK);
    assert_int_equal(memory->used_bytes, memory->total_bytes - memory->available_bytes);
    assert_int_equal(memory->host_total_bytes, 1024 * MIB);
    assert_int_equal(memory->host_available_bytes, 800 * MIB);
}

static void test_host(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    read_here(&m);
    assert_int_equal(m.limiter, UMM_MEMORY_HOST);
    assert_int_equal(m.total_bytes, 1024 * MIB);
    assert_int_equal(m.available_bytes, 800 * MIB);
    assert_int_equal(m.free_bytes, 200 * MIB);
    assert_int_equal(m.cached_bytes, 104 * MIB);
    assert_int_equal(m.shared_bytes, 2 * MIB);
    assert_int_equal(m.swap_total_bytes, 512 * MIB);
    assert_int_equal(m.swap_used_bytes, 1 * MIB);
    assert_true(m.pressure.is_known);
    assert_true(m.pressure.some_avg10 == 1.5 && m.pressure.full_avg10 == 0.5);
    assert_int_equal(m.pressure.some_total_us, 12345);
    assert_int_equal(m.pressure.full_total_us, 678);
}

/* Balloons and LXC's files can say more is available than there is. */
static void test_available_above_total(void **state)
{
    struct umm_memory m;
    (void)state;
    assert_true(umm_memory_parse_meminfo("MemTotal: 1000 kB\nMemAvailable: 1001 kB\n", &m));
    assert_int_equal(m.available_bytes, 1000 * 1024);
    assert_int_equal(m.host_available_bytes, 1000 * 1024);
    assert_int_equal(m.used_bytes, 0);
}

static void put_v2(const char *dir, const char *max, const char *current, const char *stat)
{
    char name[256];
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.max", dir);
    put(name, max);
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.current", dir);
    put(name, current);
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.stat", dir);
    put(name, stat);
}

/* The middle level has the least limit, the top one has the least left. */
static void test_v2_nested(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put("/proc/self/cgroup", "0::/pod/job/step\n");
    put("/proc/self/mountinfo",
        "30 1 0:26 / /proc rw - proc proc rw\n"
        "31 1 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
    put_v2("/pod", "536870912\n", "524288000\n", "anon 1\nfile 73400320\ninactive_file 10485760\n");
    put_v2("/pod/job", "268435456\n", "104857600\n",
           "anon 5\nfile 62914560\nshmem 1048576\ninactive_file 52428800\n");
    put_v2("/pod/job/step", "max\n", "99\n", "inactive_file 0\n");
    put("/sys/fs/cgroup/pod/job/memory.swap.max", "10485760\n");
    put("/sys/fs/cgroup/pod/job/memory.swap.current", "4096\n");
    put("/sys/fs/cgroup/pod/job/memory.pressure",
        "some avg10=7.00 avg60=0.00 avg300=0.00 total=1\n"
        "full avg10=3.00 avg60=0.00 avg300=0.00 total=1\n");
    read_here(&m);
    assert_int_equal(m.limiter, UMM_MEMORY_CGROUP2);
    assert_int_equal(m.total_bytes, 256 * MIB);
    assert_int_equal(m.available_bytes, (512 - 490) * MIB);
    assert_int_equal(m.working_set_bytes, 50 * MIB);
    assert_int_equal(m.free_bytes, 156 * MIB);
    assert_int_equal(m.cached_bytes, 60 * MIB);
    assert_int_equal(m.shared_bytes, 1 * MIB);
    assert_int_equal(m.swap_total_bytes, 10 * MIB);
    assert_int_equal(m.swap_used_bytes, 4096);
    assert_true(m.pressure.some_avg10 == 7.0);
}

/* Inside a namespace the group is "/", and its limit is in the mount itself. */
static void test_v2_namespace(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put("/proc/self/cgroup", "0::/\n");
    put("/proc/self/mountinfo", "31 1 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put_v2("", "104857600\n", "115343360\n", "inactive_file 0\n");
    read_here(&m);
    assert_int_equal(m.total_bytes, 100 * MIB);
    assert_int_equal(m.available_bytes, 0); /* more is charged than allowed, never below 0 */
    assert_int_equal(m.free_bytes, 0);
}

/* A limit above what the machine has is none. */
static void test_v2_limit_above_host(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put("/proc/self/cgroup", "0::/big\n");
    put("/proc/self/mountinfo", "31 1 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put_v2("/big", "99999999999999\n", "0\n", "inactive_file 0\n");
    read_here(&m);
    assert_int_equal(m.limiter, UMM_MEMORY_HOST);
    assert_int_equal(m.total_bytes, 1024 * MIB);
}

static void put_v1(const char *dir, const char *limit, const char *usage, const char *stat)
{
    char name[256];
    snprintf(name, sizeof name, "/sys/fs/cgroup/memory%s/memory.limit_in_bytes", dir);
    put(name, limit);
    snprintf(name, sizeof name, "/sys/fs/cgroup/memory%s/memory.usage_in_bytes", dir);
    put(name, usage);
    snprintf(name, sizeof name, "/sys/fs/cgroup/memory%s/memory.stat", dir);
    put(name, stat);
}

#define V1_MOUNTS                                                                                  \
    "34 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"                          \
    "35 31 0:32 %s /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                           \
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"

static void put_hybrid(const char *cgroup, const char *mount_root)
{
    char mounts[512];
    snprintf(mounts, sizeof mounts, V1_MOUNTS, mount_root);
    put("/proc/self/cgroup", cgroup);
    put("/proc/self/mountinfo", mounts);
}

/* Hybrid: the line of version 2 is there, but memory belongs to version 1. */
static void test_hybrid(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put_hybrid("5:cpu,cpuacct:/\n4:memory:/a/b\n1:name=systemd:/x\n0::/x\n", "/");
    put_v1("", "9223372036854771712\n", "999999999\n", "total_inactive_file 0\n");
    put_v1("/a", "209715200\n", "104857600\n",
           "hierarchical_memory_limit 209715200\ntotal_cache 31457280\ninactive_file 77\n"
           "total_inactive_file 20971520\ntotal_swap 1048576\ntotal_shmem 4096\n");
    put("/sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes", "262144000\n");
    put_v1("/a/b", "9223372036854771712\n", "1048576\n",
           "hierarchical_memory_limit 209715200\ntotal_inactive_file 0\n");
    read_here(&m);
    assert_int_equal(m.limiter, UMM_MEMORY_CGROUP1);
    assert_int_equal(m.total_bytes, 200 * MIB);
    assert_int_equal(m.available_bytes, 120 * MIB);
    assert_int_equal(m.swap_total_bytes, 50 * MIB);
    assert_int_equal(m.swap_used_bytes, 1 * MIB);
}

/* A container without a namespace: the mount shows the hierarchy from its group down. */
static void test_v1_mount_root(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put_hybrid("4:memory:/docker/1f/job\n", "/docker/1f");
    put_v1("/job", "9223372036854771712\n", "2097152\n",
           "hierarchical_memory_limit 73400320\ntotal_inactive_file 1048576\n");
    put_v1("", "83886080\n", "8388608\n",
           "hierarchical_memory_limit 73400320\ntotal_inactive_file 0\n");
    read_here(&m);
    /* Someone above what is mounted allows 70 MiB. */
    assert_int_equal(m.total_bytes, 70 * MIB);
    assert_int_equal(m.available_bytes, (70 - 8) * MIB);
}

/* The numbers of a group that nobody limited: memory, and memory with swap. */
static void test_v1_unlimited(void **state)
{
    struct umm_memory m;
    (void)state;
    put_host();
    put("/proc/self/cgroup", "4:memory:/a\n");
    put("/proc/self/mountinfo", "33 1 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    put_v1("/a", "9223372036854771712\n", "4096\n",
           "hierarchical_memory_limit 9223372036854771712\ntotal_swap 0\n");
    put("/sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    read_here(&m);
    assert_int_equal(m.limiter, UMM_MEMORY_HOST);
    assert_int_equal(m.total_bytes, 1024 * MIB);
    assert_int_equal(m.swap_total_bytes, 512 * MIB);
    assert_int_equal(m.swap_used_bytes, 1 * MIB);
}

/* Killed in our own group, of either version. */
static void test_oom_kills(void **state)
{
    (void)state;
    assert_true(umm_memory_oom_kills(scratch) == UINT64_MAX);
    put("/proc/self/cgroup", "0::/pod/job\n");
    put("/proc/self/mountinfo", "31 1 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    assert_true(umm_memory_oom_kills(scratch) == UINT64_MAX);
    put("/sys/fs/cgroup/pod/job/memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n"
                                                "oom_group_kill 5\n");
    assert_int_equal(umm_memory_oom_kills(scratch), 4);
    put_hybrid("4:memory:/a/b\n0::/x\n", "/");
    put("/sys/fs/cgroup/memory/a/b/memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
    assert_int_equal(umm_memory_oom_kills(scratch), 7);
}

static void test_no_meminfo(void **state)
{
    struct umm_memory m;
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_memory_read(scratch, &m, &err), UMM_ERR_SYSTEM);
    put("/proc/meminfo", "MemTotal: 4 kB\n");
    assert_int_equal(umm_memory_read(scratch, &m, &err), UMM_ERR_UNSUPPORTED);
}

static void test_cgroup_lines(void **state)
{
    struct umm_memory_group group;
    (void)state;
    assert_true(umm_memory_parse_cgroup("0::/a:b\n", &group));
    assert_int_equal(group.version, 2);
    assert_string_equal(group.path, "/a:b");
    assert_true(umm_memory_parse_cgroup("3:cpu,memory,pids:/x\n0::/y", &group));
    assert_int_equal(group.version, 1);
    assert_string_equal(group.path, "/x");
    assert_false(umm_memory_parse_cgroup("3:memory2,xmemory:/x\n10::/y\n", &group));
    assert_false(umm_memory_parse_cgroup("0::\n", &group));
    assert_false(umm_memory_parse_cgroup("0:\n:\n", &group));
    assert_false(umm_memory_parse_cgroup("", &group));
}

static void test_mount_paths(void **state)
{
    struct umm_memory_group group = {.version = 2, .path = "/../other"};
    struct umm_memory_place place;
    (void)state;
    const char *text = "1 1 0:1 / /with\\040blank rw a:1 b:2 - cgroup2 none rw\n";
    assert_true(umm_memory_parse_mounts(text, &group, &place));
    assert_string_equal(place.top, "/with blank");
    assert_string_equal(place.below, "");
    strcpy(group.path, "/");
    assert_true(umm_memory_parse_mounts(text, &group, &place));
    assert_string_equal(place.below, "");
    strcpy(group.path, "/down");
    assert_true(umm_memory_parse_mounts(text, &group, &place));
    assert_string_equal(place.below, "/down");
    /* "/a" is not the beginning of "/ab". */
    strcpy(group.path, "/ab/c");
    assert_true(umm_memory_parse_mounts("1 1 0:1 /a /m rw - cgroup2 none rw\n", &group, &place));
    assert_string_equal(place.below, "");
    group.version = 1;
    assert_false(umm_memory_parse_mounts(text, &group, &place));
}

static void test_pressure_refused(void **state)
{
    struct umm_memory_pressure p;
    (void)state;
    assert_false(umm_memory_parse_pressure("", &p));
    assert_false(umm_memory_parse_pressure("some avg10=1.5 avg60=0.00 avg300=0.00 total=1\n", &p));
    assert_false(umm_memory_parse_pressure("some avg10=1.50 avg60=0.00\n avg300=0.00 total=1", &p));
    assert_false(umm_memory_parse_pressure("full avg10=1.50 avg60=0.00 avg300=0.00 total=1", &p));
    assert_false(p.is_known);
}

static void test_fields(void **state)
{
    uint64_t v = 7;
    (void)state;
    assert_true(umm_procfs_field("A: 1\nAB:\t  12 kB\n", "AB:", &v));
    assert_int_equal(v, 12 * 1024);
    assert_true(umm_procfs_field("xA: 1\nA: 3", "A:", &v));
    assert_int_equal(v, 3);
    assert_false(umm_procfs_field("A: x\n", "A:", &v));
    assert_false(umm_procfs_field("A:\n1\n", "A:", &v));
    assert_false(umm_procfs_field("A: 18446744073709551616\n", "A:", &v));
    assert_false(umm_procfs_field("A: 18446744073709551615 kB\n", "A:", &v));
    assert_int_equal(v, 3);
}

/* The figures of the machine itself are at least plausible. */
static void test_this_machine(void **state)
{
    struct umm_memory m;
    (void)state;
    assert_int_equal(umm_memory_read(NULL, &m, NULL), UMM_OK);
    assert_true(m.total_bytes > 0 && m.total_bytes <= m.host_total_bytes);
    assert_true(m.available_bytes > 0 && m.available_bytes <= m.total_bytes);
}

#define IN_SCRATCH(f) cmocka_unit_test_setup_teardown(f, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {IN_SCRATCH(test_host),
                                       IN_SCRATCH(test_v2_nested),
                                       IN_SCRATCH(test_v2_namespace),
                                       IN_SCRATCH(test_v2_limit_above_host),
                                       IN_SCRATCH(test_hybrid),
                                       IN_SCRATCH(test_v1_mount_root),
                                       IN_SCRATCH(test_v1_unlimited),
                                       IN_SCRATCH(test_no_meminfo),
                                       IN_SCRATCH(test_oom_kills),
                                       cmocka_unit_test(test_available_above_total),
                                       cmocka_unit_test(test_cgroup_lines),
                                       cmocka_unit_test(test_mount_paths),
                                       cmocka_unit_test(test_pressure_refused),
                                       cmocka_unit_test(test_fields),
                                       cmocka_unit_test(test_this_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
