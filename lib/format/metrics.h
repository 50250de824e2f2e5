/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - every metric that any tool writes: one name, one help text, one type.
 *
 * Files of several tools lie in one directory of the node exporter's textfile collector.
 * It drops a series whose help text or type differs from that of the same name in another
 * file. So names and help texts are in this table alone, and a figure that means the same
 * in two tools has one name. All are gauges: figures of one run or of one moment.
 */
#ifndef UMM_FORMAT_METRICS_H
#define UMM_FORMAT_METRICS_H

/* In the order in which a page has them. */
enum umm_metric {
    UMM_METRIC_NONE,
    /* of what a run wrote */
    UMM_METRIC_ROWS,
    UMM_METRIC_ROWS_WRITTEN,
    UMM_METRIC_ROWS_TAKEN,
    UMM_METRIC_ROWS_REJECTED,
    UMM_METRIC_LAST_ROW_TIME,
    UMM_METRIC_INPUT_BYTES,
    UMM_METRIC_OUTPUT_BYTES,
    UMM_METRIC_CONTENT_BYTES,
    UMM_METRIC_JOURNAL_ROWS,
    UMM_METRIC_OUTPUTS,
    UMM_METRIC_FAILED_OUTPUTS,
    /* umm-preload */
    UMM_METRIC_PRELOAD_FILES,
    UMM_METRIC_PRELOAD_FAILED_FILES,
    UMM_METRIC_PRELOAD_MMAP_FILES,
    UMM_METRIC_PRELOAD_BUDGET,
    UMM_METRIC_PRELOAD_DATA,
    UMM_METRIC_PRELOAD_RESIDENT,
    UMM_METRIC_PRELOAD_LOADED,
    UMM_METRIC_PRELOAD_DEVICE,
    /* umm-pool */
    UMM_METRIC_POOL_BUDGET,
    UMM_METRIC_POOL_USED,
    UMM_METRIC_POOL_WRITING,
    UMM_METRIC_POOL_ENTRIES,
    UMM_METRIC_POOL_FAULTS,
    UMM_METRIC_POOL_RSS,
    UMM_METRIC_POOL_PSS,
    /* umm-store */
    UMM_METRIC_STORE_POSITIONS,
    UMM_METRIC_STORE_ENTRIES,
    UMM_METRIC_STORE_INACTIVE,
    UMM_METRIC_STORE_PUTS,
    UMM_METRIC_STORE_EVICTIONS,
    UMM_METRIC_STORE_FILES,
    /* umm-quantize */
    UMM_METRIC_QUANTIZE_MODEL,
    UMM_METRIC_QUANTIZE_RMS,
    UMM_METRIC_QUANTIZE_SAME,
    UMM_METRIC_QUANTIZE_OUTSIDE,
    /* memory of the system */
    UMM_METRIC_TOTAL,
    UMM_METRIC_USED,
    UMM_METRIC_AVAILABLE,
    UMM_METRIC_FREE,
    UMM_METRIC_CACHED,
    UMM_METRIC_SHARED,
    UMM_METRIC_SWAP_TOTAL,
    UMM_METRIC_SWAP_USED,
    UMM_METRIC_PRESSURE_SOME,
    UMM_METRIC_PRESSURE_FULL,
    /* of a process */
    UMM_METRIC_PROCESS_RSS,
    UMM_METRIC_PROCESS_PSS,
    UMM_METRIC_PROCESS_USS,
    UMM_METRIC_PROCESS_ANONYMOUS,
    UMM_METRIC_PROCESS_FILE,
    UMM_METRIC_PROCESS_SHMEM,
    UMM_METRIC_PROCESS_SWAP,
    UMM_METRIC_PROCESS_PEAK_RSS,
    UMM_METRIC_PROCESS_THREADS,
    UMM_METRIC_PROCESS_FDS,
    /* of a file, and of a process that maps it */
    UMM_METRIC_FILE_SIZE,
    UMM_METRIC_FILE_RESIDENT,
    UMM_METRIC_FILE_PROCESSES,
    UMM_METRIC_FILE_RSS,
    UMM_METRIC_FILE_PSS,
    UMM_METRIC_FILE_ONE_COPY,
    UMM_METRIC_HIDDEN_PROCESSES,
    UMM_METRIC_MAPPER_RSS,
    UMM_METRIC_MAPPER_PSS,
    UMM_METRIC_MAPPER_OWN_COPY,
    /* of a command that was run */
    UMM_METRIC_RUN_EXIT_CODE,
    UMM_METRIC_RUN_PEAK_RSS,
    UMM_METRIC_RUN_PEAK_PSS,
    UMM_METRIC_RUN_GROWTH,
    UMM_METRIC_RUN_MAJOR_FAULTS,
    UMM_METRIC_RUN_DEVICE_READ,
    UMM_METRIC_RUN_ALLOCATIONS,
    UMM_METRIC_RUN_OOM_KILLS,
    UMM_METRIC_RUN_FAILED_LIMITS,
    UMM_METRIC_M5_PASSED,
    UMM_METRIC_M5_FIGURE,
    /* of every run */
    UMM_METRIC_DURATION,
    UMM_METRIC_LAST_SUCCESS,
    UMM_METRIC_BUILD_INFO,
    UMM_METRIC_COUNT
};

/* Base units; a name ends in its unit, as Prometheus' naming rules have it. */
const char *umm_metric_name(enum umm_metric metric);

/* One line without backslashes. */
const char *umm_metric_help(enum umm_metric metric);

#endif
