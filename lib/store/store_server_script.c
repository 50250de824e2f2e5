/* SPDX-License-Identifier: MIT */
#include "store/store_server_script.h"

#include <stddef.h>

/*
 * KEYS[1] is {PREFIX}:meta; ARGV: what to do, which store is meant (meta's made), the name of the
 * client and the number of its question, whether that was asked before, how long its answer is kept
 * (ms), and then what each needs. A question that is asked again after a connection broke gets the
 * answer that it had, and changes nothing.
 *
 * Numbers in Lua are doubles: times of 64 bits are compared in halves, and never become numbers.
 * What is compared as text is not: that would go by the server's locale. All sets order by bytes.
 *
 * Positions and generations are of one count, and reserved before the first of them is used: a
 * script that fails in the middle, as a key holds something else, never gives one twice. An entry
 * that the server dropped, as its time was over, leaves its id in the sets; each put forgets some
 * of them.
 */
const char *const umm_store_server_script[] = {
    "local op, made, asker, number, again, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], "
    "ARGV[6]\n"
    "local meta = KEYS[1]\n"
    "local base = string.sub(meta, 1, -5)\n"
    "local ids, inactive, order, expiry = base .. 'ids', base .. 'inactive', base .. 'order', "
    "base .. 'expiry'\n"
    "local values = base .. 'v:'\n"
    "local done = base .. 'done:' .. asker\n"
    "local call = redis.call\n"
    "local never = string.rep('\\0', 7) .. string.char(128)\n",

    /* A new store, unless there is one. */
    "if op == 'create' then\n"
    "  if call('EXISTS', meta) == 1 then return 'there' end\n"
    "  if call('EXISTS', ids, inactive, order, expiry) > 0 then return 'left' end\n"
    "  call('HSET', meta, 'format', '1', 'made', made, 'dim', ARGV[7], 'id_bytes', ARGV[8],\n"
    "    'positions', ARGV[9], 'ttl_ns', ARGV[10], 'next', '0', 'puts', '0', 'evictions', '0')\n"
    "  return 'made'\n"
    "end\n",

    "local m = call('HMGET', meta, 'made', 'positions')\n"
    "if m[1] ~= made then return 'other' end\n"
    "local positions = tonumber(m[2])\n",

    /* Of entries from a position on, all that the sets have. */
    "if op == 'look' then\n"
    "  local list = call('ZRANGEBYSCORE', ids, ARGV[7], '+inf', 'WITHSCORES', 'LIMIT', 0, "
    "ARGV[8])\n"
    "  local all = {}\n"
    "  for i = 1, #list, 2 do\n"
    "    local id = list[i]\n"
    "    local key = call('HGET', inactive, id)\n"
    "    all[#all + 1] = {id, list[i + 1], redis.pcall('GET', values .. id), key,\n"
    "      key and call('ZSCORE', order, key .. id), call('ZSCORE', expiry, id)}\n"
    "  end\n"
    "  return all\n"
    "end\n",

    "if again == '1' then\n"
    "  local was = call('GET', done)\n"
    "  if was and string.sub(was, 1, #number) == number then\n"
    "    return string.sub(was, #number + 1)\n"
    "  end\n"
    "end\n",

    "local function answer(text)\n"
    "  call('SET', done, number .. text, 'PX', keep)\n"
    "  return text\n"
    "end\n",

    /* The place in the order of eviction: the time, then the position, in hexadecimal. */
    "local function place(head, position)\n"
    "  local low, high = struct.unpack('<I4i4', head, 17)\n"
    "  return string.format('%08x%08x%014x', high + 2147483648, low, position)\n"
    "end\n",

    "local function list(id, key)\n"
    "  call('HSET', inactive, id, key)\n"
    "  call('ZADD', order, 0, key .. id)\n"
    "end\n",

    "local function unlist(id)\n"
    "  local key = call('HGET', inactive, id)\n"
    "  if key then\n"
    "    call('HDEL', inactive, id)\n"
    "    call('ZREM', order, key .. id)\n"
    "  end\n"
    "end\n",

    "local function forget(id)\n"
    "  unlist(id)\n"
    "  call('ZREM', expiry, id)\n"
    "  call('ZREM', ids, id)\n"
    "  call('DEL', values .. id)\n"
    "end\n",

    "local time = call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n",

    /* Forget up to n entries whose time is over. */
    "local function sweep(n)\n"
    "  local over = call('ZRANGEBYSCORE', expiry, '-inf', '(' .. string.format('%.0f', now),\n"
    "    'LIMIT', 0, n)\n"
    "  for _, id in ipairs(over) do forget(id) end\n"
    "  return #over\n"
    "end\n",

    /*
     * Remove the oldest inactive entry: its id and head. One that is listed wrongly, or was dropped
     * by the server, goes first and is no entry: then the head is nil. Nothing: none is left.
     */
    "local function evict()\n"
    "  local key = call('ZRANGE', order, 0, 0)[1]\n"
    "  if not key then return nil end\n"
    "  local id = string.sub(key, 31)\n"
    "  local head = redis.pcall('GETRANGE', values .. id, 0, 47)\n"
    "  local is_it = type(head) == 'string' and #head == 48 and string.byte(head, 8) == 1\n"
    "  if is_it or head == '' then\n"
    "    forget(id)\n"
    "    call('ZREM', order, key)\n"
    "    if is_it then call('HINCRBY', meta, 'evictions', 1) end\n"
    "    return id, is_it and head or nil\n"
    "  end\n"
    "  call('ZREM', order, key)\n"
    "  if call('HGET', inactive, id) == string.sub(key, 1, 30) then call('HDEL', inactive, id) "
    "end\n"
    "  return evict()\n"
    "end\n",

    /* Rows of four: id, vector, front, when it expires (ms, or nothing). */
    "if op == 'put' then\n"
    "  local mode, n = ARGV[7], tonumber(ARGV[8])\n"
    "  local given = call('HINCRBY', meta, 'next', n) - n\n"
    "  sweep(n + 16)\n"
    "  local count = nil\n"
    "  local n_put, n_older, why = 0, 0, ''\n"
    "  for i = 9, 5 + 4 * n, 4 do\n"
    "    local id, vector, front, expires = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]\n"
    "    local key = values .. id\n"
    "    local old = redis.pcall('GETRANGE', key, 0, 47)\n"
    "    if type(old) ~= 'string' or (old ~= '' and string.sub(old, 1, 7) ~= 'UMMVEC\\1') then\n"
    "      why = 'foreign'\n"
    "      break\n"
    "    end\n"
    "    local has, is_older = #old == 48, false\n"
    "    if mode ~= 'all' and has then\n"
    "      local low, high = struct.unpack('<I4i4', front, 17)\n"
    "      local old_low, old_high = struct.unpack('<I4i4', old, 17)\n"
    "      is_older = high < old_high or (high == old_high and low < old_low) or\n"
    "        (mode == 'newer' and high == old_high and low == old_low)\n"
    "    end\n"
    "    if is_older then\n"
    "      n_older = n_older + 1\n"
    "    else\n"
    "      if not has and call('ZSCORE', ids, id) then\n"
    "        forget(id)\n"
    "        count = nil\n"
    "      end\n"
    "      if expires ~= '' and tonumber(expires) <= now then\n"
    "        if has then\n"
    "          forget(id)\n"
    "          count = nil\n"
    "        end\n"
    "      else\n"
    "        local at = given\n"
    "        if has then\n"
    "          at = struct.unpack('<I8', old, 41)\n"
    "          if string.byte(old, 8) ~= 0 then unlist(id) end\n"
    "          if expires == '' and string.sub(old, 25, 32) ~= never then\n"
    "            call('ZREM', expiry, id)\n"
    "          end\n"
    "        else\n"
    "          count = count or call('ZCARD', ids)\n"
    "          while count >= positions and (sweep(1) == 1 or evict()) do\n"
    "            count = call('ZCARD', ids)\n"
    "          end\n"
    "          if count >= positions then\n"
    "            why = 'full'\n"
    "            break\n"
    "          end\n"
    "          call('ZADD', ids, at, id)\n"
    "          count = count + 1\n"
    "        end\n"
    "        local value = front .. struct.pack('<I8I8', given + 1, at) .. vector\n"
    "        given = given + 1\n"
    "        if expires == '' then\n"
    "          call('SET', key, value)\n"
    "        else\n"
    "          call('SET', key, value, 'PXAT', expires)\n"
    "          call('ZADD', expiry, expires, id)\n"
    "        end\n"
    "        if string.byte(front, 8) ~= 0 then list(id, place(front, at)) end\n"
    "      end\n"
    "      n_put = n_put + 1\n"
    "    end\n"
    "  end\n"
    "  call('HINCRBY', meta, 'puts', n_put)\n"
    "  return answer(string.format('%d %d %s', n_put, n_older, why))\n"
    "end\n",

    "if op == 'mark' then\n"
    "  local id = ARGV[7]\n"
    "  local head = call('GETRANGE', values .. id, 0, 47)\n"
    "  if #head == 0 then return answer('absent') end\n"
    "  if #head < 48 or string.sub(head, 1, 7) ~= 'UMMVEC\\1' then return answer('foreign') end\n"
    "  if string.byte(head, 8) == 0 then\n"
    "    call('SETRANGE', values .. id, 7, '\\1')\n"
    "    list(id, place(head, struct.unpack('<I8', head, 41)))\n"
    "  end\n"
    "  return answer('done')\n"
    "end\n",

    "if op == 'evict' then\n"
    "  while true do\n"
    "    local id, head = evict()\n"
    "    if not id then return answer('absent') end\n"
    "    if head then return answer(head .. id) end\n"
    "  end\n"
    "end\n",

    /* The inactive entry of that id, if nobody has written it since. */
    "if op == 'drop' then\n"
    "  local id = ARGV[7]\n"
    "  local head = redis.pcall('GETRANGE', values .. id, 0, 47)\n"
    "  if type(head) ~= 'string' or #head < 48 or string.byte(head, 8) ~= 1 or\n"
    "    string.sub(head, 33, 36) ~= ARGV[8] then return answer('changed') end\n"
    "  forget(id)\n"
    "  call('HINCRBY', meta, 'evictions', 1)\n"
    "  return answer('done')\n"
    "end\n",

    "if op == 'sweep' then return answer(tostring(sweep(ARGV[7]))) end\n",

    "if op == 'resize' then\n"
    "  if tonumber(ARGV[7]) < positions then return 'fewer' end\n"
    "  call('HSET', meta, 'positions', ARGV[7])\n"
    "  return 'done'\n"
    "end\n"
    "return 'unknown'\n",
    NULL};
