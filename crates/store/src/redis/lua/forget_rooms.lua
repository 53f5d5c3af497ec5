-- Ends a user's memberships in rooms that are gone.
--
-- KEYS: the user's rooms, the heads of some of them
-- ARGV: those

for i, room in ipairs(ARGV) do
  if redis.call('EXISTS', KEYS[i + 1]) == 0 then redis.call('HDEL', KEYS[1], room) end
end
return 0
