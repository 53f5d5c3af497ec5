-- Numbers, stores and publishes one message, where nothing about its room is out of the
-- ordinary: the short way of append.lua, for the many that travel alone.
--
-- KEYS: the partition, the head of the room, its log, the feed
-- ARGV: max messages (0: no limit), the channel, the nonce as it stands in the log (may be
--   empty), the room, known epoch and known seq (may be empty), the JSON fields, what the
--   envelope begins with up to the epoch
-- Gives lines, the epoch and `seq-ts`; nothing where append.lua has to do it.

local held = redis.call('MGET', KEYS[1], KEYS[2])
local epoch, forks, seq, ts, past, tail = string.match(held[2] or '', '^(%w+)(%S*) (%d+) (%d+) (%S+)( .+)$')
-- Whoever writes there has to be looked at, else.
if not epoch or not string.find(tail, '^ public:?[ridep]* ') then return false end
local term = string.match(held[1] or '', '^%w*')
if string.sub(epoch, 1, #term) ~= term then return false end
local head, nonce, most = tonumber(seq), ARGV[3], tonumber(ARGV[1])
if epoch == ARGV[5] and head < tonumber(ARGV[6]) then return false end
local floor, hidden = 0, 0
if past ~= '-' then
  local others
  floor, hidden, others = string.match(past, '^(%d+):(%d+):(.*)$')
  if not floor or string.find(others, 'x') then return false end
end
if most > 0 and head - floor - hidden >= most + 63 then return false end
if nonce ~= '' then
  local seen = redis.pcall('HGET', KEYS[3], nonce)
  if seen then return false end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(ts) < now then ts = string.format('%d', now) end
seq = string.format('%d', head + 1)
local fields = ARGV[7]
local entry = 'm' .. ts .. nonce .. ':' .. fields
local stored
if nonce ~= '' then
  stored = redis.pcall('HSET', KEYS[3], seq, entry, nonce, seq)
else
  stored = redis.pcall('HSET', KEYS[3], seq, entry)
end
if type(stored) ~= 'number' then return false end
redis.call('SET', KEYS[2], epoch .. forks .. ' ' .. seq .. ' ' .. ts .. ' ' .. past .. tail)
-- Whether there are too many entries is seen once in a while.
if now % 64 == 0 then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', ARGV[4], seq)
else
  redis.call('XADD', KEYS[4], '*', ARGV[4], seq)
end
redis.call('PUBLISH', ARGV[2], ARGV[8] .. epoch .. '","seq":' .. seq .. ',"data":{"type":"message","room":"' .. ARGV[4]
  .. '","seq":' .. seq .. ',"ts":' .. ts .. ',' .. fields .. '}}\n')
return epoch .. '\n' .. seq .. '-' .. ts
