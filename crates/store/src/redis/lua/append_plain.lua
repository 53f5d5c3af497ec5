-- Numbers, stores and publishes messages of rooms about which nothing is out of the
-- ordinary, in one step: append.lua without what is seldom needed.
--
-- KEYS: the feed, the partitions, the heads of the rooms, their logs
-- ARGV: max messages (0: no limit), the channel, how many rooms, how many messages each has and
--   in which partition it lies (three bytes each, the high one of the count first), what an
--   envelope begins with; the nonce of each message as it stands in the log (may be empty); then
--   of each room its id, known epoch and known seq (both may be empty), and the JSON fields of its messages
-- Gives lines: of each room its epoch and then of each message `seq-ts`; or `~` alone where
--   append.lua has to do it, and nothing was done.

local TRIM_EVERY, FEED_ENTRIES, PAYLOAD_BYTES = 64, 10000, 8000 -- as in append.lua

local most, channel, rooms, counts, envelope = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local NONCES = 5 -- the nonce of the first message is the argument after this one
local partitions, total = 0, 0
for k = 1, rooms do
  local high, low, partition = string.byte(counts, 3 * k - 2, 3 * k)
  total = total + 256 * high + low
  if partition > partitions then partitions = partition end
end
local HEADS = 1 + partitions
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local now_digits = string.format('%d', now)
local lines, bytes, reply, said, heads, grown = {}, 0, {}, 0, {}, {}
local held = redis.call('MGET', unpack(KEYS, 2, HEADS + rooms))

-- Stores the messages of a room, from `last` on. Gives the last number in digits; nothing
-- where a nonce was seen before, or the log cannot be written.
local function store(log, ts, last, event, at, count)
  local nonce = ARGV[NONCES + event + 1]
  if count == 1 then
    local seq = string.format('%d', last + 1)
    local stored
    if nonce == '' then
      stored = redis.pcall('HSET', log, seq, 'm' .. ts .. ':' .. ARGV[at])
    else
      if redis.pcall('HGET', log, nonce) then return nil end
      stored = redis.pcall('HSET', log, seq, 'm' .. ts .. nonce .. ':' .. ARGV[at], nonce, seq)
    end
    return type(stored) == 'number' and seq or nil
  end
  local seen = redis.pcall('HMGET', log, unpack(ARGV, NONCES + event + 1, NONCES + event + count))
  if seen.err then return nil end
  local fields, n, own, seq = {}, 0, {}, nil
  for i = 1, count do
    nonce = ARGV[NONCES + event + i]
    if seen[i] or own[nonce] then return nil end
    seq = string.format('%d', last + i)
    fields[n + 1], fields[n + 2] = seq, 'm' .. ts .. nonce .. ':' .. ARGV[at + i - 1]
    n = n + 2
    if nonce ~= '' then
      own[nonce] = true
      fields[n + 1], fields[n + 2] = nonce, seq
      n = n + 2
    end
  end
  redis.call('HSET', log, unpack(fields, 1, n))
  return seq
end

local event, at = 0, NONCES + total + 1
for k = 1, rooms do
  local id, known_epoch = ARGV[at], ARGV[at + 1]
  local high, low, partition = string.byte(counts, 3 * k - 2, 3 * k)
  local count = 256 * high + low
  local epoch, forks, seq, ts, past, tail = string.match(held[partitions + k] or '', '^(%w+)(%S*) (%d+) (%d+) (%S+)( .+)$')
  local term = string.match(held[partition] or '', '^%w*')
  local last, stored = tonumber(seq), nil
  if epoch and string.find(tail, '^ public:?[ridep]* ') and string.sub(epoch, 1, #term) == term and not (epoch == known_epoch and last < tonumber(ARGV[at + 2])) then
    local floor, hidden = 0, 0
    if past ~= '-' then floor, hidden = string.match(past, '^(%d+):(%d+):%d+:%d+:%d+$') end
    if floor and (most == 0 or last + count - floor - hidden < most + TRIM_EVERY) then
      if tonumber(ts) < now then ts = now_digits end
      stored = store(KEYS[HEADS + rooms + k], ts, last, event, at + 3, count)
    end
  end
  if stored then
    said = said + 1
    reply[said] = epoch
    for i = 1, count do
      seq = count == 1 and stored or string.format('%d', last + i)
      said = said + 1
      reply[said] = seq .. '-' .. ts
      local fields = ARGV[at + 2 + i]
      local head = envelope .. id .. '","epoch":"' .. epoch .. '","seq":' .. seq .. ',"data":{"type":"message","room":"' .. id
        .. '","seq":' .. seq .. ',"ts":' .. ts .. ','
      local length = #head + #fields + 3
      if bytes > 0 and bytes + length > PAYLOAD_BYTES then
        redis.call('PUBLISH', channel, table.concat(lines))
        lines, bytes = {}, 0
      end
      bytes = bytes + length
      local n = #lines
      lines[n + 1], lines[n + 2], lines[n + 3] = head, fields, '}}\n'
    end
    local n = #heads
    heads[n + 1], heads[n + 2] = KEYS[HEADS + k], epoch .. forks .. ' ' .. stored .. ' ' .. ts .. ' ' .. past .. tail
    grown[n + 1], grown[n + 2] = id, count == 1 and stored or string.format('%d', last + 1) .. '-' .. stored
  else
    said = said + 1
    reply[said] = '~'
  end
  at = at + 3 + count
  event = event + count
end
if #heads > 0 then
  redis.call('MSET', unpack(heads))
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', FEED_ENTRIES, '*', unpack(grown))
  redis.call('PUBLISH', channel, table.concat(lines))
end
return table.concat(reply, '\n')
