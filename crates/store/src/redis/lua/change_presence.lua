-- Enters who of a node came and went, and publishes the real transitions.
--
-- KEYS: of each partition the lives in it, the time of presence, the rooms of the life, what is due;
--   and of each of its rooms its online hash, the set of the life, its head
-- ARGV: the life, channel, most users; then of each partition the number of this change, the last
--   one that the node heard of, how many rooms; and of each room its id, how long it is kept when
--   empty (0: for good), how many changes, and of each change + or -, the user id, the user as JSON
-- Gives of each partition 1, or 0 where nothing was entered: that life is over, or something of
--   it was lost, or later changes came first.

local life, channel, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lines, answer, k, a = {}, {}, 1, 4

-- Enters the changes in one room, from the key and the argument on that are its.
local function change_room(rooms, due, time)
  local online, of_life, head = unpack(KEYS, k, k + 2)
  local room, keep_ms, changes = ARGV[a], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local count = redis.call('HLEN', online)
  local tell = teller(lines, room, count, time, most)
  for i = a + 3, a + 3 * changes, 3 do
    local user = ARGV[i + 1]
    if ARGV[i] == '+' then
      local json, change = enter(online, of_life, life, user, ARGV[i + 2])
      if json then count = tell(json, 'online', change) end
    else
      local json = leave(online, of_life, life, user)
      if json then count = tell(json, 'offline', -1) end
    end
  end
  if count == 0 then nobody_is_there(head, due, room, keep_ms) end
  if redis.call('EXISTS', of_life) == 1 then
    redis.call('SADD', rooms, room)
  else
    redis.call('SREM', rooms, room)
  end
end

while k <= #KEYS do
  local lives, presence_time, rooms, due = unpack(KEYS, k, k + 3)
  local number, heard, count = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local change = change_of(redis.call('HGET', lives, life))
  local enters = change and change >= heard and change < number
  k, a = k + 4, a + 3
  local time
  if enters then
    redis.call('HSET', lives, life, digits(number))
    time = read_time(presence_time)
  end
  local told = #lines
  for _ = 1, count do
    if enters then change_room(rooms, due, time) end
    k, a = k + 3, a + 3 + 3 * tonumber(ARGV[a + 2])
  end
  if #lines > told then note_time(time) end
  answer[#answer + 1] = enters and 1 or 0
end
publish(channel, lines)
return answer
