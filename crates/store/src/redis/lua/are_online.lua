-- Whether users are online in rooms.
--
-- KEYS: of each question the online hash of the room
-- ARGV: of each question the user
-- Gives 1 or 0 for each.

local answer = {}
for k, key in ipairs(KEYS) do answer[k] = redis.call('HEXISTS', key, ARGV[k]) end
return answer
