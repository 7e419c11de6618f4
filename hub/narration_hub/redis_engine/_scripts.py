"""What runs inside Redis: each script is one step that happens as a whole or not at all.

Keys, below one prefix: `life` says whether the numbers are still those that hubs know; `m:SCOPE:NAME` has a stream's
epoch and numbers, `s:SCOPE:NAME` its events; `k:` keys say which events came already.
"""

from typing import Final

_LIFE: Final = """
local prefix, candidate, known = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Numbers are from another life if the server is not the one that wrote them, or if a hub has seen higher ones.
local function life()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local key = prefix .. 'life'
  local found = redis.call('HMGET', key, 'run', 'generation', 'count')
  local generation, count = found[2], tonumber(found[3]) or 0
  if not generation or found[1] ~= run or known > count then
    generation = candidate
    count = math.max(count, known) + 1000  -- past what other hubs have seen, so that only one of them renews
  end
  count = count + 1
  -- The first write: a server that is full refuses it, and with it the whole script.
  redis.call('HSET', key, 'run', run, 'generation', generation, 'count', count)
  redis.call('EXPIRE', key, 604800)
  return generation, count
end

local function stream_at(scope, name, generation, make)
  local id = scope .. ':' .. name
  local one = {meta = prefix .. 'm:' .. id, key = prefix .. 's:' .. id}
  local found = redis.call('HMGET', one.meta, 'epoch', 'generation', 'last', 'first', 'bytes')
  one.epoch, one.last, one.first, one.bytes =
    found[1], tonumber(found[3]) or 0, tonumber(found[4]) or 1, tonumber(found[5]) or 0
  if not one.epoch then
    if not make then return nil end
    redis.call('DEL', one.key)
  elseif redis.call('XLEN', one.key) ~= one.last - one.first + 1 then
    redis.call('DEL', one.key)  -- the server needed the memory
    one.first, one.bytes = one.last + 1, 0
  end
  if found[2] ~= generation then
    one.epoch = string.sub(redis.sha1hex(candidate .. id), 1, 8)
  end
  return one
end

local function keep(one, generation, seconds)
  redis.call('HSET', one.meta, 'epoch', one.epoch, 'generation', generation,
    'last', one.last, 'first', one.first, 'bytes', one.bytes)
  redis.call('EXPIRE', one.meta, seconds)
  redis.call('EXPIRE', one.key, seconds)
end
"""

JOIN: Final = _LIFE + "local generation, count = life()\nreturn {generation, count}\n"
"""Arguments: prefix, candidate, known."""

LOOK: Final = (
    _LIFE
    + """
local scope, name, make, seconds = ARGV[4], ARGV[5], ARGV[6] == '1', ARGV[7]
local generation, count = life()
local one = stream_at(scope, name, generation, make)
if not one then return {generation, count} end
keep(one, generation, seconds)
return {generation, count, one.epoch, one.first, one.last}
"""
)
"""Arguments: prefix, candidate, known, scope, name, whether to make it, seconds to live."""

PUBLISH: Final = (
    _LIFE
    + """
local hub, most, most_bytes, seconds, known_seconds =
  ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local generation, count = life()
local streams, order, seen, repeated = {}, {}, {}, {}

local function add(scope, name, key, frame)
  local id = scope .. ':' .. name
  local one = streams[id]
  if not one then
    one = stream_at(scope, name, generation, true)
    streams[id] = one
    order[#order + 1] = one
  end
  one.last = one.last + 1
  one.bytes = one.bytes + #frame
  redis.call('XADD', one.key, string.format('%.0f-0', one.last),
    'm', one.epoch .. ' ' .. hub .. ' ' .. key, 'f', frame)
end

local function is_new(window, bit)
  if bit == '' then return redis.call('SET', window, 1, 'NX', 'EX', known_seconds) end
  local before = redis.call('SETBIT', window, bit, 1)
  if not seen[window] then
    seen[window] = true
    redis.call('EXPIRE', window, known_seconds)
  end
  return before == 0
end

for at = 9, #ARGV, 6 do
  local window, bit, key, frame, job, story =
    ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  if is_new(prefix .. 'k:' .. window, bit) then
    add('every', '', key, frame)
    if job ~= '' then add('job', job, key, frame) end
    if story ~= '' then add('story', story, key, frame) end
  else
    repeated[#repeated + 1] = (at - 9) / 6
  end
end

for _, one in ipairs(order) do
  local function is_too_long()
    return one.first < one.last and (one.last - one.first >= most or one.bytes > most_bytes)
  end
  while is_too_long() do
    local oldest = redis.call('XRANGE', one.key, '-', '+', 'COUNT', 64)
    for _, entry in ipairs(oldest) do
      if not is_too_long() then break end
      one.bytes = one.bytes - #entry[2][4]
      one.first = one.first + 1
    end
    redis.call('XTRIM', one.key, 'MINID', '=', string.format('%.0f-0', one.first))
  end
  keep(one, generation, seconds)
end
return {generation, count, repeated}
"""
)
"""Arguments: prefix, candidate, known, hub, most events, most bytes, seconds to live, seconds that ids are known;
then six for each event: which window of ids, which bit of it (empty: the window is the id), key, frame, job, story."""

SHARE: Final = (
    _LIFE
    + """
local hub, seen, seen_tickets, most, seconds = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local generation, count = life()
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local key, at = prefix .. 'life', 9

local function pairs_given()
  local found = {}
  local many = tonumber(ARGV[at])
  for place = at + 1, at + 2 * many, 2 do found[#found + 1] = {ARGV[place], ARGV[place + 1]} end
  at = at + 2 * many + 1
  return found
end

local is_new = false
for _, one in ipairs(pairs_given()) do
  if redis.call('HSETNX', prefix .. 'keys', one[1], one[2]) == 1 then is_new = true end
end
for _, one in ipairs(pairs_given()) do
  if redis.call('ZADD', prefix .. 'revoked', 'GT', 'CH', one[2], one[1]) > 0 then is_new = true end
end
redis.call('ZREMRANGEBYRANK', prefix .. 'revoked', 0, -10001)
local tickets = tonumber(redis.call('HGET', key, 'tickets')) or 0
if is_new then tickets = redis.call('HINCRBY', key, 'tickets', 1) end
local keys, revoked = false, false
if tickets ~= seen_tickets then
  keys = redis.call('HGETALL', prefix .. 'keys')
  for place = 1, #keys, 2 do
    if now_ms - tonumber(keys[place + 1]) > 172800000 then redis.call('HDEL', prefix .. 'keys', keys[place]) end
  end
  revoked = redis.call('ZRANGE', prefix .. 'revoked', 0, -1, 'WITHSCORES')
end

local firsts = {}
for place = at, #ARGV, 3 do
  local member, job, data = ARGV[place], ARGV[place + 1], ARGV[place + 2]
  local first = 0
  if job ~= '' then
    first = tonumber(redis.call('HGET', prefix .. 'm:job:' .. job, 'first')) or 1
    firsts[#firsts + 1] = first
  end
  redis.call('HSET', prefix .. 'rows', member, string.format('%.0f ', first) .. data)
  redis.call('ZADD', prefix .. 'revisions', redis.call('HINCRBY', key, 'rows', 1), member)
end
local over = redis.call('ZCARD', prefix .. 'revisions') - most
if over > 0 then
  local gone = redis.call('ZPOPMIN', prefix .. 'revisions', over)
  for place = 1, #gone, 2 do redis.call('HDEL', prefix .. 'rows', gone[place]) end
end
for _, name in ipairs({'rows', 'revisions', 'keys', 'revoked'}) do redis.call('EXPIRE', prefix .. name, seconds) end

local found = redis.call('ZRANGEBYSCORE', prefix .. 'revisions', string.format('(%.0f', seen), '+inf',
  'WITHSCORES', 'LIMIT', 0, 200)
local rows = {}
for place = 1, #found, 2 do
  if string.sub(found[place], 1, #hub + 1) ~= hub .. '|' then
    rows[#rows + 1] = found[place]
    rows[#rows + 1] = redis.call('HGET', prefix .. 'rows', found[place])
  end
  seen = tonumber(found[place + 1])
end
return {generation, count, now_ms, seen, tickets, keys, revoked, firsts, rows, #found}
"""
)
"""Arguments: prefix, candidate, known, hub, rows and tickets seen, most rows, seconds to live; keys and what was
revoked, each as their number and pairs; then three for each row: member, job (empty for a service), data."""
