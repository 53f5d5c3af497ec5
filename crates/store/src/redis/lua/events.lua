-- The events after a place, without holes.
--
-- KEYS: meta, log
-- ARGV: after epoch, after seq, limit, max events (0: no limit)
-- Gives nothing where there is no such room, else epoch, seq and the events (see read.lua).

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if not meta[1] then return {} end
local after_epoch, after_seq = ARGV[1], tonumber(ARGV[2])
local limit, head = tonumber(ARGV[3]), tonumber(meta[2])
local events = {}
if after_epoch == meta[1] and after_seq >= hidden_up_to(head, tonumber(ARGV[4])) then
  events = every_event(KEYS[2], after_seq + 1, math.min(head, after_seq + limit), now_ms())
end
return answer_with({ meta[1], meta[2] }, events)
