/* SPDX-License-Identifier: MIT */
/*
 * hint.h - what may help after an error, as a code. The library does not know how its
 * caller's user asks for anything: a tool words the advice, by its own options
 * (cmd/cli_hint.h). What an error is, its message says without the hint.
 *
 * "value" and "values" below are those of umm_error_hint_at.
 */
#ifndef UMM_BASE_HINT_H
#define UMM_BASE_HINT_H

enum umm_hint {
    UMM_HINT_NONE = 0,

    /* Which text: its fields, and which of them are the columns. */
    UMM_HINT_DELIMITER,       /* say what is between fields */
    UMM_HINT_COLUMNS,         /* several fields could be the column: say which, or the layout */
    UMM_HINT_NO_VOLUME,       /* no field has the volume, and there may be none */
    UMM_HINT_NO_FIELD,        /* no field has the column's name: other names, or another header */
    UMM_HINT_NO_HEADER,       /* nothing names the fields: names, numbers, or the layout */
    UMM_HINT_LAYOUT,          /* ask for that layout; value */
    UMM_HINT_LAYOUTS,         /* ask for one of two; values */
    UMM_HINT_NAME_COLUMN,     /* say which field is the column; value: the column */
    UMM_HINT_LEAVE_OUT,       /* leave the column out */
    UMM_HINT_RENAME,          /* give the column another name; value: its field */
    UMM_HINT_NAMES,           /* name the fields */
    UMM_HINT_DATE_OF_TIME,    /* join the field of the date to that of the time of day */
    UMM_HINT_SERIES,          /* choose the rows of one instrument, or say that all are of one */
    UMM_HINT_SERIES_OF_NAMES, /* an array for each symbol in names of files, or all are one */
    UMM_HINT_OTHER_MEMBERS,   /* take other members of the archive, or say what the columns are */
    UMM_HINT_PASS_OVER,       /* skip what is no row */

    /* Which numbers. */
    UMM_HINT_MISSING,                /* say that the text means a missing value */
    UMM_HINT_DECIMAL,                /* say that the decimal point is a comma */
    UMM_HINT_NUMBERS,                /* say that numbers are written so; value: a list of ways */
    UMM_HINT_PERCENT,                /* say whether a percent sign is dropped or divides by 100 */
    UMM_HINT_GROUPS,                 /* say what stands between groups of digits; second value */
    UMM_HINT_GROUPS_OR_DECIMAL,      /* say which of both a comma is */
    UMM_HINT_NUMBERS_GROUPS,         /* several of these at once; values as above */
    UMM_HINT_NUMBERS_DECIMAL,        /* with a decimal comma */
    UMM_HINT_GROUPS_DECIMAL,         /* with a decimal comma */
    UMM_HINT_NUMBERS_GROUPS_DECIMAL, /* all of them */

    /* Which times. */
    UMM_HINT_TIME_FORMAT,         /* say how times are written */
    UMM_HINT_WORD_FORMAT,         /* the same, where a word is among the text's numbers */
    UMM_HINT_DAY_MONTH,           /* the same, where day and month could be either */
    UMM_HINT_LEADING_ZEROS,       /* the same, where zeros may be missing */
    UMM_HINT_FORMAT_OR_UNIT,      /* the same, or that it is an epoch of unusual years */
    UMM_HINT_DATE_OR_UNIT,        /* the same, or the day if it is a time of day */
    UMM_HINT_THIS_FORMAT_OR_UNIT, /* the same; value: the format that the text seems to have */
    UMM_HINT_EXACT_EPOCH,         /* say the unit of an epoch that looks cut */
    UMM_HINT_THIS_UNIT,           /* say that unit of epochs; value */
    UMM_HINT_THESE_UNITS,         /* say one of two units of epochs; values */
    UMM_HINT_NAME_OR_UNIT,        /* say which field is the column, or that unit; values */
    UMM_HINT_DATE,                /* say which day times of day are of */
    UMM_HINT_CLOCK,           /* say what numbers count since midnight, or how they are written */
    UMM_HINT_HOUR_24,         /* say that 24:00 is the next day's 00:00 */
    UMM_HINT_NAMED_ZONE,      /* say which zone the name is of */
    UMM_HINT_ANY_WORD,        /* say that a word of the text means nothing */
    UMM_HINT_UNIT_OR_FORMAT,  /* say that unit, or that format; values */
    UMM_HINT_ZONE_NAME,       /* say that a name of a zone is in the text, and the zone */
    UMM_HINT_ZONE,            /* say in which zone they are */
    UMM_HINT_TIME_GAP,        /* say what a local time that was skipped means */
    UMM_HINT_TIME_FOLD,       /* say which of two a local time means, or that order tells */
    UMM_HINT_TIME_FOLD_OPEN,  /* the same, where order does not tell */
    UMM_HINT_TIME_FOLD_EQUAL, /* the same, or say that no two rows have one time */

    /* Which array: its types, and what its rows are. */
    UMM_HINT_TYPE,       /* store numbers as that type; value, such as "f8" or "i8 or f8" */
    UMM_HINT_FIELD_TYPE, /* store that column's so, which has a type of its own; value */
    UMM_HINT_TIME_UNIT,  /* store times in a unit that is so; value: "finer" or "coarser" */
    UMM_HINT_UNIT_OF_M8, /* let the type of times have the array's unit */
    UMM_HINT_STRUCT,     /* store rows as records */
    UMM_HINT_EPOCH_TYPE, /* the same, or integers of 8 bytes; value: the unit of times */
    UMM_HINT_EPOCH_OUT,  /* the same, or leave the times out; value: the unit of times */
    UMM_HINT_PLAIN,      /* store a plain array, or not in Fortran order */
    UMM_HINT_DATASET,    /* name symbol and timeframe, as the file's name does not */
    UMM_HINT_SYMBOL,     /* name the symbol of all files */
    UMM_HINT_TIMEFRAME,  /* name the timeframe of all files */
    UMM_HINT_NPY,        /* write an array */

    /* Which order, and what is there already. */
    UMM_HINT_NEWEST_FIRST,  /* rows that are newest first can be turned round, others sorted */
    UMM_HINT_REPEATED_HOUR, /* local times may be of an hour shown twice: the zone, or to sort */
    UMM_HINT_SORT,          /* rows in no order can be sorted */
    UMM_HINT_DUPLICATES,    /* keep the first or the last of rows with one time */
    UMM_HINT_TIME_COLUMN,   /* what goes by time needs a column of times */
    UMM_HINT_REVISION,      /* say what becomes of a row that was stored otherwise */
    UMM_HINT_REBUILD,       /* compute all of it again */
    UMM_HINT_APPEND_AGAIN,  /* what a run left that was killed: the next append goes on from it */
    UMM_HINT_REVISE_LAST,   /* say that the last row may change */

    /* An output that is in the way, and what may be done with it instead. */
    UMM_HINT_ADD_TO_ARCHIVE, /* an archive: rows can be added to it */
    UMM_HINT_ADD_TO_STORE,   /* a file of a feature store: vectors can be added to it */
    UMM_HINT_CREATE_STORE,   /* no feature store of vectors of that length; value: the length */
    UMM_HINT_ADD_TO_POOL,    /* a pool's directory: the pool takes arrays by their keys */

    /* A damaged archive. */
    UMM_HINT_REPAIR,        /* a repair mends it */
    UMM_HINT_REPAIR_MAY,    /* the same, if the damage is small enough */
    UMM_HINT_REPAIR_BEFORE, /* a repair keeps the rows before the damage */

    /* Compressed text that this reader does not take, and another program does. */
    UMM_HINT_ZSTD_WINDOW,
    UMM_HINT_ZSTD_DICTIONARY,
    UMM_HINT_XZ_MEMORY,
    UMM_HINT_ENCRYPTED, /* a member of a zip archive */

    /* Text that is packed. */
    UMM_HINT_MEMBERS,      /* say which members of an archive are meant */
    UMM_HINT_UNPACK_BYTES, /* allow more bytes to come out of a file */
    UMM_HINT_UNPACK_RATIO, /* allow that in relation to the file's size */

    /* Rows of a model. */
    UMM_HINT_MODEL_COLUMNS, /* say which columns are the model's inputs */
    UMM_HINT_MODEL_NAN,     /* say what becomes of rows with NaN */
    UMM_HINT_ANSWER_NAN,    /* say what is answered where a number is not finite */

    /* Tables of databases. */
    UMM_HINT_DB_COLUMNS, /* say which columns belong together */
    UMM_HINT_DB_UNIT,    /* say what times count */
    UMM_HINT_DB_COUNTED, /* let a new table have times as counts of a unit */
    UMM_HINT_DB_CREATE,  /* let a table be made */
    UMM_HINT_DB_SERIES,  /* name the symbol and the timeframe */

    /* Servers. */
    UMM_HINT_PASSWORD, /* a password comes from a file, or from the environment */

    /* Items of a run. */
    UMM_HINT_NULL_ITEMS,  /* say that zero bytes end them */
    UMM_HINT_ITEMS_INPUT, /* give them on standard input, as they are too long for arguments */

    UMM_HINT_END
};

#endif
