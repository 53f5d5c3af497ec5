-- Which rooms many users are members of.
--
-- KEYS: the users' rooms
-- Gives of each user how many there are, and of each its name and up to where they have looked.

local answer = {}
for _, key in ipairs(KEYS) do
  local rooms = redis.call('HGETALL', key)
  answer[#answer + 1] = #rooms / 2
  for i = 1, #rooms do answer[#answer + 1] = rooms[i] end
end
return answer
