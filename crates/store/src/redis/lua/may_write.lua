-- Whether somebody may write in a room now, however long they have to wait for their turn.
--
-- KEYS: head, members, rules, who wrote lately
-- ARGV: who
-- Gives nothing where there is no such room, `!` and why they may not, else 1

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local keys = { members = KEYS[2], rules = KEYS[3], wrote = KEYS[4] }
local denied = is_guarded(room) and denied_to_write(room, keys, ARGV[1], clock_ms())
if denied and string.sub(denied, 1, 4) ~= 'slow' then return { '!' .. denied } end
return { 1 }
