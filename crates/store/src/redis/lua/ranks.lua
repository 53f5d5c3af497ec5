-- What a user is in rooms: of each the rank, 0 where they are no member.
--
-- KEYS: the members of each room
-- ARGV: of each room the user

local ranks = {}
for i, members in ipairs(KEYS) do ranks[i] = rank_of(members, ARGV[i]) end
return ranks
