-- Which of some reactions are somebody's own.
--
-- KEYS: reactors
-- ARGV: who; then of each reaction the message and the emoji
-- Gives of each 1 or 0.

local members = {}
for k = 2, #ARGV, 2 do members[#members + 1] = string.format('%016d %s %s', tonumber(ARGV[k]), ARGV[k + 1], ARGV[1]) end
local scores = redis.call('ZMSCORE', KEYS[1], unpack(members))
for i = 1, #members do scores[i] = scores[i] and 1 or 0 end
return scores
