-- Places of people, in the order of their names.
--
-- KEYS: the people of each partition
-- ARGV: from where, up to where, at most how many of each partition
-- Gives the places.

local found = {}
for _, people in ipairs(KEYS) do
  for _, place in ipairs(redis.call('ZRANGEBYLEX', people, ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])) do
    found[#found + 1] = place
  end
end
return found
