/* SPDX-License-Identifier: MIT */
/*
 * store_server_script.h - all that changes a store on a server, as one script in Lua that the
 * server runs as a whole, so that nobody sees a store in between.
 */
#ifndef UMM_STORE_STORE_SERVER_SCRIPT_H
#define UMM_STORE_STORE_SERVER_SCRIPT_H

/* Its pieces, and NULL. */
extern const char *const umm_store_server_script[];

#endif
