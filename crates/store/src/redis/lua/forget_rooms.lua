-- Ends a user's memberships in rooms that were found gone, where nothing has changed about
-- them since.
--
-- KEYS: the user's rooms
-- ARGV: of each of them the room, and up to where the user had looked

for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 0
