-- Makes users members of rooms, or no more.
--
-- KEYS: of each change the user's rooms
-- ARGV: after how many seconds those of somebody who never comes again are forgotten;
--   then of each change the room and up to where the user has looked (empty: no member any more)

local forgotten_after = ARGV[1]
for i, key in ipairs(KEYS) do
  local room, seq = ARGV[2 * i], ARGV[2 * i + 1]
  if seq == '' then
    redis.call('HDEL', key, room)
  else
    redis.call('HSET', key, room, seq)
    redis.call('EXPIRE', key, forgotten_after)
  end
end
return 0
