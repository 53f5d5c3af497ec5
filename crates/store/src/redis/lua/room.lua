-- A room as somebody sees it.
--
-- KEYS: head, members, rules
-- ARGV: who looks
-- Gives nothing where there is no such room, `!` and why they may not, else kind, name (may be
--   empty), epoch, seq, their rank, how many members there are, and of each rule in the order of
--   RULES its value (may be empty)

local RULES = { 'description', 'archived', 'who_may_send', 'who_may_invite', 'slow_mode_ms' }

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local denied = denied_to_read(room, KEYS[2], KEYS[3], ARGV[1], clock_ms())
if denied then return { '!' .. denied } end
local kind, letters, name = kind_of(room)
local answer = { kind, name, room.epoch, room.seq_digits, rank_of(KEYS[2], ARGV[1]), redis.call('ZCARD', KEYS[2]) }
local values = redis.call('HMGET', KEYS[3], unpack(RULES))
for i = 1, #RULES do answer[#answer + 1] = values[i] or '' end
return answer
