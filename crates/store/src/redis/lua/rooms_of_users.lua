-- In which rooms users are members: of one who is in too many, some of them.
--
-- KEYS: the users' rooms
-- ARGV: at most how many rooms of each
-- Gives of each user how many rooms follow, and these.

local answer = {}
for _, key in ipairs(KEYS) do
  local rooms = redis.call('HRANDFIELD', key, ARGV[1])
  answer[#answer + 1] = #rooms
  for _, room in ipairs(rooms) do answer[#answer + 1] = room end
end
return answer
