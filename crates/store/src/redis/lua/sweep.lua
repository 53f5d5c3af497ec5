-- Takes the users of a life that is over out of some rooms of a partition, and publishes the
-- real transitions.
--
-- KEYS: the time of presence, the rooms of the life, what is due; then of each room its online
--   hash, the set of the life, its head
-- ARGV: the life, channel, most users, at most how many users are taken away, how many rooms are
--   wanted for the next call; then of each room its id and how long it is kept when empty (0: for good)
-- Gives how many users were taken out of rooms; and rooms that have users of the life.

local life, channel, most, budget = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local rooms, due = KEYS[2], KEYS[3]
local lines, time, taken = {}, read_time(KEYS[1]), 0
for k = 4, #KEYS, 3 do
  if taken == budget then break end
  local place = 6 + 2 * (k - 4) / 3
  local room, keep_ms = ARGV[place], tonumber(ARGV[place + 1])
  local online, of_life, head = unpack(KEYS, k, k + 2)
  local count = redis.call('HLEN', online)
  local tell = teller(lines, room, count, time, most)
  local users = redis.call('SRANDMEMBER', of_life, budget - taken)
  for _, user in ipairs(users) do
    local json = leave(online, of_life, life, user)
    if json then count = tell(json, 'offline', -1) end
  end
  taken = taken + #users
  if count == 0 then nobody_is_there(head, due, room, keep_ms) end
  if redis.call('EXISTS', of_life) == 0 then redis.call('SREM', rooms, room) end
end
if #lines > 0 then note_time(time) end
publish(channel, lines)
return { taken, unpack(redis.call('SRANDMEMBER', rooms, ARGV[5])) }
