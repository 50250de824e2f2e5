/* SPDX-License-Identifier: MIT */
#include "format/metrics.h"
#include "umm/store.h"

#include <stddef.h>

static const struct {
    const char *name, *help;
} table[UMM_METRIC_COUNT] = {
    [UMM_METRIC_ROWS] = {"umm_rows", "Rows in the output."},
    [UMM_METRIC_ROWS_WRITTEN] = {"umm_rows_written", "Rows that this run wrote."},
    [UMM_METRIC_ROWS_TAKEN] = {"umm_rows_taken", "Input rows that this run took."},
    [UMM_METRIC_ROWS_REJECTED] = {"umm_rows_rejected", "Input rows that this run rejected."},
    [UMM_METRIC_LAST_ROW_TIME] = {"umm_last_row_timestamp_seconds", "The time of the last row."},
    [UMM_METRIC_INPUT_BYTES] = {"umm_input_bytes", "Bytes of text that this run read."},
    [UMM_METRIC_OUTPUT_BYTES] = {"umm_output_bytes", "Bytes of the output."},
    [UMM_METRIC_CONTENT_BYTES] = {"umm_content_bytes", "Bytes of the rows of the archive."},
    [UMM_METRIC_JOURNAL_ROWS] = {"umm_journal_rows", "Rows of the archive in its journal."},
    [UMM_METRIC_OUTPUTS] = {"umm_outputs", "Outputs of this run over several."},
    [UMM_METRIC_FAILED_OUTPUTS] = {"umm_failed_outputs", "Outputs that this run failed with."},

    [UMM_METRIC_PRELOAD_FILES] = {"umm_preload_files", "Files that this run looked at."},
    [UMM_METRIC_PRELOAD_FAILED_FILES] = {"umm_preload_failed_files",
                                         "Files that this run failed with."},
    [UMM_METRIC_PRELOAD_MMAP_FILES] = {"umm_preload_mmap_files", "Files beyond the budget."},
    [UMM_METRIC_PRELOAD_BUDGET] = {"umm_preload_budget_bytes", "What may be loaded in all."},
    [UMM_METRIC_PRELOAD_DATA] = {"umm_preload_data_bytes", "What was chosen, without holes."},
    [UMM_METRIC_PRELOAD_RESIDENT] = {"umm_preload_resident_bytes", "What of it is in memory now."},
    [UMM_METRIC_PRELOAD_LOADED] = {"umm_preload_loaded_bytes",
                                   "What this run brought into memory."},
    [UMM_METRIC_PRELOAD_DEVICE] = {"umm_preload_device_bytes",
                                   "What devices delivered in this run."},

    [UMM_METRIC_POOL_BUDGET] = {"umm_pool_budget_bytes", "What the entries of the pool may take."},
    [UMM_METRIC_POOL_USED] = {"umm_pool_used_bytes", "What the entries of the pool take."},
    [UMM_METRIC_POOL_WRITING] = {"umm_pool_writing_bytes", "What entries being written take."},
    [UMM_METRIC_POOL_ENTRIES] = {"umm_pool_entries", "Entries of the pool."},
    [UMM_METRIC_POOL_FAULTS] = {"umm_pool_faults", "What is wrong with the pool."},
    [UMM_METRIC_POOL_RSS] = {"umm_pool_rss_bytes",
                             "Sum of the resident sizes of the entries over processes."},
    [UMM_METRIC_POOL_PSS] = {"umm_pool_pss_bytes", "The same, with shared pages counted once."},

    [UMM_METRIC_STORE_POSITIONS] = {"umm_store_positions", "Positions the store has."},
    [UMM_METRIC_STORE_ENTRIES] = {"umm_store_entries", "Positions with an id, active or not."},
    [UMM_METRIC_STORE_INACTIVE] = {"umm_store_inactive", "Entries that may be evicted."},
    [UMM_METRIC_STORE_PUTS] = {"umm_store_puts", "Vectors put so far."},
    [UMM_METRIC_STORE_EVICTIONS] = {"umm_store_evictions", "Entries evicted so far."},
    [UMM_METRIC_STORE_FILES] = {"umm_store_file_bytes", "Size of the store's files."},

    [UMM_METRIC_QUANTIZE_MODEL] = {"umm_quantize_model_bytes", "Bytes of the float model."},
    [UMM_METRIC_QUANTIZE_RMS] = {"umm_quantize_relative_rms_ratio",
                                 "Root mean square of differences over that of the float answers."},
    [UMM_METRIC_QUANTIZE_SAME] = {"umm_quantize_same_decision_ratio",
                                  "Share of held-out rows with the decision of floats."},
    [UMM_METRIC_QUANTIZE_OUTSIDE] = {"umm_quantize_outside_rows",
                                     "Held-out rows outside what the calibration rows had."},

    [UMM_METRIC_SERVICE_ROWS] = {"umm_service_rows", "Rows that this service has answered."},
    [UMM_METRIC_SERVICE_REFUSALS] = {"umm_service_refusals",
                                     "Lines and rows that it could not answer, by why."},
    [UMM_METRIC_SERVICE_BATCHES] = {"umm_service_batches", "Batches that it has given its model."},
    [UMM_METRIC_SERVICE_BATCH_ROWS] = {"umm_service_batch_rows",
                                       "Rows in a batch, by quantile; 1 is the largest."},
    [UMM_METRIC_SERVICE_WAIT] = {"umm_service_wait_seconds",
                                 "How long rows waited for their batch, by quantile."},
    [UMM_METRIC_SERVICE_TIME] = {"umm_service_batch_seconds",
                                 "How long a batch took to be answered, by quantile."},
    [UMM_METRIC_SERVICE_DEPTH] = {"umm_service_queue_rows", "Rows that wait now."},
    [UMM_METRIC_SERVICE_DEPTH_PEAK] = {"umm_service_queue_peak_rows", "The most rows that waited."},
    [UMM_METRIC_SERVICE_CLIENTS] = {"umm_service_clients", "Clients that are connected now."},
    [UMM_METRIC_SERVICE_JOINED] = {"umm_service_clients_joined", "Clients that have come."},
    [UMM_METRIC_SERVICE_DROPPED] = {"umm_service_clients_dropped",
                                    "Clients that left before their answers were sent."},
    [UMM_METRIC_SERVICE_TURNED_AWAY] = {"umm_service_clients_refused",
                                        "Clients that were too many."},
    [UMM_METRIC_SERVICE_IN] = {"umm_service_received_bytes", "What clients have sent."},
    [UMM_METRIC_SERVICE_OUT] = {"umm_service_sent_bytes", "What they were sent."},
    [UMM_METRIC_SERVICE_CACHE_HITS] = {"umm_service_cache_hits", "Answers that were given again."},
    [UMM_METRIC_SERVICE_CACHE_MISSES] = {"umm_service_cache_misses",
                                         "Rows of the store whose answer was not at hand."},
    [UMM_METRIC_SERVICE_LOADS] = {"umm_service_model_loads",
                                  "Models that were loaded, the first included."},
    [UMM_METRIC_SERVICE_FAILED_LOADS] = {"umm_service_model_failed_loads",
                                         "Models that could not take the place of the one before."},

    [UMM_METRIC_TOTAL] = {"umm_memstat_total_bytes",
                          "Memory there is, within the limits of control groups."},
    [UMM_METRIC_USED] = {"umm_memstat_used_bytes", "Total less available."},
    [UMM_METRIC_AVAILABLE] = {"umm_memstat_available_bytes",
                              "Memory that can be had without swapping."},
    [UMM_METRIC_FREE] = {"umm_memstat_free_bytes", "Memory without any use."},
    [UMM_METRIC_CACHED] = {"umm_memstat_cached_bytes", "Page cache and buffers."},
    [UMM_METRIC_SHARED] = {"umm_memstat_shared_bytes", "Shared memory, tmpfs."},
    [UMM_METRIC_SWAP_TOTAL] = {"umm_memstat_swap_total_bytes", "Swap there is."},
    [UMM_METRIC_SWAP_USED] = {"umm_memstat_swap_used_bytes", "Swap in use."},
    [UMM_METRIC_PRESSURE_SOME] = {"umm_memstat_pressure_some_10s_ratio",
                                  "Share of the last 10 s in which a task waited for memory."},
    [UMM_METRIC_PRESSURE_FULL] = {"umm_memstat_pressure_full_10s_ratio",
                                  "Share of the last 10 s in which all tasks waited for memory."},

    [UMM_METRIC_PROCESS_RSS] = {"umm_memstat_process_rss_bytes", "Memory of the process."},
    [UMM_METRIC_PROCESS_PSS] = {"umm_memstat_process_pss_bytes",
                                "Its memory, each page divided by the number of processes that map "
                                "it."},
    [UMM_METRIC_PROCESS_USS] = {"umm_memstat_process_uss_bytes", "Memory only it maps."},
    [UMM_METRIC_PROCESS_ANONYMOUS] = {"umm_memstat_process_anonymous_bytes",
                                      "Its memory that is no file's."},
    [UMM_METRIC_PROCESS_FILE] = {"umm_memstat_process_file_bytes", "Pages of files."},
    [UMM_METRIC_PROCESS_SHMEM] = {"umm_memstat_process_shmem_bytes",
                                  "Pages of shared memory and tmpfs."},
    [UMM_METRIC_PROCESS_SWAP] = {"umm_memstat_process_swap_bytes", "What was swapped out."},
    [UMM_METRIC_PROCESS_PEAK_RSS] = {"umm_memstat_process_peak_rss_bytes",
                                     "The most it had in memory."},
    [UMM_METRIC_PROCESS_THREADS] = {"umm_memstat_process_threads", "Its threads."},
    [UMM_METRIC_PROCESS_FDS] = {"umm_memstat_process_fds", "Its open files."},

    [UMM_METRIC_FILE_SIZE] = {"umm_memstat_file_size_bytes", "Size of the file."},
    [UMM_METRIC_FILE_RESIDENT] = {"umm_memstat_file_resident_bytes", "What of it is in memory."},
    [UMM_METRIC_FILE_PROCESSES] = {"umm_memstat_file_processes", "Processes that map it."},
    [UMM_METRIC_FILE_RSS] = {"umm_memstat_file_rss_bytes", "Sum of what the processes have of it."},
    [UMM_METRIC_FILE_PSS] = {"umm_memstat_file_pss_bytes", "The same, shared pages counted once."},
    [UMM_METRIC_FILE_ONE_COPY] = {"umm_memstat_file_one_copy_ratio",
                                  "Part of what they have of it that is the file's single copy."},
    [UMM_METRIC_HIDDEN_PROCESSES] = {"umm_hidden_processes",
                                     "Processes that could not be looked into."},
    [UMM_METRIC_MAPPER_RSS] = {"umm_memstat_mapper_rss_bytes", "What the process has of the file."},
    [UMM_METRIC_MAPPER_PSS] = {"umm_memstat_mapper_pss_bytes",
                               "The same, each page divided by the number of processes that map "
                               "it."},
    [UMM_METRIC_MAPPER_OWN_COPY] = {"umm_memstat_mapper_own_copy_bytes",
                                    "Pages it changed in a private mapping."},

    [UMM_METRIC_RUN_EXIT_CODE] = {"umm_run_exit_code", "Exit code of the command."},
    [UMM_METRIC_RUN_PEAK_RSS] = {"umm_run_peak_rss_bytes", "The most memory the command had."},
    [UMM_METRIC_RUN_PEAK_PSS] = {"umm_run_peak_pss_bytes",
                                 "The most memory the command had, shared pages counted once."},
    [UMM_METRIC_RUN_GROWTH] = {"umm_run_growth_bytes",
                               "Memory the command gained after the warm-up."},
    [UMM_METRIC_RUN_MAJOR_FAULTS] = {"umm_run_major_faults", "Faults that waited for a device."},
    [UMM_METRIC_RUN_DEVICE_READ] = {"umm_run_device_read_bytes",
                                    "What the command read from devices."},
    [UMM_METRIC_RUN_ALLOCATIONS] = {"umm_run_allocations", "Allocations that the command made."},
    [UMM_METRIC_RUN_OOM_KILLS] =
        {"umm_run_oom_kills", "Processes of the control group that were killed as memory ran out."},
    [UMM_METRIC_RUN_FAILED_LIMITS] = {"umm_run_failed_limits",
                                      "Limits that the command did not keep."},
    [UMM_METRIC_M5_PASSED] = {"umm_m5_passed",
                              "Whether a demand is met; NaN where the run could not tell."},
    [UMM_METRIC_M5_FIGURE] = {"umm_m5_figure", "The figure that is judged."},

    [UMM_METRIC_DURATION] = {"umm_duration_seconds", "How long this run took."},
    [UMM_METRIC_LAST_SUCCESS] = {"umm_last_success_timestamp_seconds",
                                 "When the tool last finished without an error."},
    [UMM_METRIC_BUILD_INFO] = {"umm_build_info", "The version of the tool."},
};

const char *umm_metric_name(enum umm_metric metric)
{
    return table[metric].name;
}

const char *umm_metric_help(enum umm_metric metric)
{
    return table[metric].help;
}
