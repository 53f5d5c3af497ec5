-- Enters who of a node came and went, and publishes the real transitions.
--
-- KEYS: the leases, the time of presence, the rooms of the life; then of each room its
--   online hash, the set of the life, its head and its log
-- ARGV: the life, the number of this change, the last beat and change of the life that the
--   node heard of, channel, most users, how long an empty room is kept (0: for good); then of
--   each room its id, how many changes, and of each change + or -, the user id, the user as JSON
-- Gives 1, or 0 where nothing was entered: that life is over, or later changes came first.

local life, number = ARGV[1], tonumber(ARGV[2])
local beat, change = living(redis.call('HGET', KEYS[1], life))
if not beat or not is_whole(beat, change, ARGV[3], ARGV[4]) or number <= change then return 0 end
redis.call('HSET', KEYS[1], life, string.format('%d %d', beat, number))

local channel, most, keep_ms = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local rooms, time = KEYS[3], read_time(KEYS[2])
local lines, arg = {}, 8
for k = 4, #KEYS, 4 do
  local online, of_life, head, log = unpack(KEYS, k, k + 3)
  local room, changes = ARGV[arg], tonumber(ARGV[arg + 1])
  arg = arg + 2
  local before = redis.call('HLEN', online)
  local count, tell = before, teller(lines, room, before, time, most)
  for i = arg, arg + 3 * changes - 1, 3 do
    local user = ARGV[i + 1]
    if ARGV[i] == '+' then
      local json, change = enter(online, of_life, life, user, ARGV[i + 2])
      if json then count = tell(json, 'online', change) end
    else
      local json = leave(online, of_life, life, user)
      if json then count = tell(json, 'offline', -1) end
    end
  end
  if count == 0 then
    let_go_if_empty(head, log, keep_ms)
  elseif before == 0 then
    keep_if_empty(head, log)
  end
  if redis.call('EXISTS', of_life) == 1 then
    redis.call('SADD', rooms, room)
  else
    redis.call('SREM', rooms, room)
  end
  arg = arg + 3 * changes
end
publish(channel, lines, time)
return 1
