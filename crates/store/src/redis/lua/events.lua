-- The events after a place, without holes.
--
-- KEYS: head, log
-- ARGV: after epoch, after seq, limit, max events (0: no limit)
-- Gives nothing where there is no such room, else epoch, seq, what it shares with epochs
--   before, and the events (see read.lua).

local epoch, head, forks = head_of(KEYS[1])
if not epoch then return {} end
local after_epoch, after_seq = ARGV[1], tonumber(ARGV[2])
local limit = tonumber(ARGV[3])
local events = {}
if shares(epoch, head, forks, after_epoch, after_seq) and after_seq >= hidden_up_to(head, tonumber(ARGV[4])) then
  events = every_event(KEYS[2], after_seq + 1, math.min(head, after_seq + limit), now_ms())
end
return answer_with({ epoch, string.format('%d', head), forks }, events)
