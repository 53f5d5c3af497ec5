-- Takes the users of a life that is over out of some rooms, and publishes the real
-- transitions. Where it has nobody anywhere any more, the life is forgotten.
--
-- KEYS: the leases, the time of presence, the rooms of the life; then of each room its
--   online hash, the set of the life, its head and its log
-- ARGV: the life, its state as the sweeper knows it, the state from now on, channel, most
--   users, at most how many users are taken away, how many rooms are wanted for the next
--   call, how long an empty room is kept (0: for good); then the rooms
-- Gives 0 where the state is another one (somebody else sweeps, or the node lives), else 1;
--   how many users were taken out of rooms; and rooms that have users of the life.

local leases, rooms, life = KEYS[1], KEYS[3], ARGV[1]
if redis.call('HGET', leases, life) ~= ARGV[2] then return { 0, 0 } end
redis.call('HSET', leases, life, ARGV[3])

local channel, most, budget, keep_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[8])
local lines, time, taken = {}, read_time(KEYS[2]), 0
for k = 4, #KEYS, 4 do
  if taken == budget then break end
  local room = ARGV[9 + (k - 4) / 4]
  local online, of_life, head, log = unpack(KEYS, k, k + 3)
  local count = redis.call('HLEN', online)
  local tell = teller(lines, room, count, time, most)
  local users = redis.call('SRANDMEMBER', of_life, budget - taken)
  for _, user in ipairs(users) do
    local json = leave(online, of_life, life, user)
    if json then count = tell(json, 'offline', -1) end
  end
  taken = taken + #users
  if count == 0 then let_go_if_empty(head, log, keep_ms) end
  if redis.call('EXISTS', of_life) == 0 then redis.call('SREM', rooms, room) end
end
publish(channel, lines, time)

local next_rooms = redis.call('SRANDMEMBER', rooms, ARGV[7])
if #next_rooms == 0 then redis.call('HDEL', leases, life) end
return { 1, taken, unpack(next_rooms) }
