-- Which rooms users are members of, for as many of them as take little to read.
--
-- KEYS: the users' rooms
-- ARGV: in how many rooms a user may be to be read, after how many rooms no more users are read
-- Gives of each user, in their order and at least of one, how many rooms there are, and, unless
--   these are too many to be read, of each its name and up to where they have looked.

local few, enough = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer, read = {}, 0
for _, key in ipairs(KEYS) do
  if read >= enough then break end
  local count = redis.call('HLEN', key)
  answer[#answer + 1] = count
  if count > 0 and count <= few then
    read = read + count
    for _, word in ipairs(redis.call('HGETALL', key)) do answer[#answer + 1] = word end
  end
end
return answer
