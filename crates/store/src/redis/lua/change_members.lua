-- Makes users members of rooms, or no more.
--
-- KEYS: of each change the user's rooms
-- ARGV: after how many seconds those of somebody who never comes again are forgotten, of how
--   many rooms a user may be a member (0: no limit); then of each change the room and up to
--   where the user has looked (empty: no member any more)
-- Gives of each change 1, or 0 where the user is a member of too many rooms.

local forgotten_after, most = ARGV[1], tonumber(ARGV[2])
local done = {}
for i, key in ipairs(KEYS) do
  local room, seq = ARGV[2 * i + 1], ARGV[2 * i + 2]
  done[i] = 1
  if seq == '' then
    redis.call('HDEL', key, room)
  elseif most > 0 and redis.call('HLEN', key) >= most and redis.call('HEXISTS', key, room) == 0 then
    done[i] = 0
  else
    redis.call('HSET', key, room, seq)
    redis.call('EXPIRE', key, forgotten_after)
  end
end
return done
