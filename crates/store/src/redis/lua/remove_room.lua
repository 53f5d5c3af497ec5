-- Takes a room away with everything in it. Who is there stays, in whatever is made in its place.
--
-- KEYS: the rooms of the partition, what is due there, head, log, hidden bits, members, rules, who wrote lately, invites,
--   reactors, the codes of these
-- ARGV: the id; who wants it (empty: whoever may) and the rank that they need
-- Gives 1, or 0 where there was none, or `!` and why they may not.

if ARGV[2] ~= '' then
  local held = redis.call('GET', KEYS[3])
  local room = held and read_head(held)
  local rank = rank_of(KEYS[6], ARGV[2])
  local denied = room and denied_to_read(room, KEYS[6], KEYS[7], ARGV[2], clock_ms())
  if not denied and room and rank < tonumber(ARGV[3]) then denied = rank == 0 and 'stranger' or 'role' end
  if denied then return { '!' .. denied } end
end
local held = redis.call('GET', KEYS[3])
if not held or held == DELETED then return { 0 } end
for k = 3, #KEYS, 1000 do redis.call('UNLINK', unpack(KEYS, k, math.min(k + 999, #KEYS))) end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[2] ~= '' then redis.call('SET', KEYS[3], DELETED, 'PX', DELETED_MS) end
return { 1 }
