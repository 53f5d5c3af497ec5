-- Sees that Redis is what it was when epochs were begun last.
--
-- What one process has written as a primary is one line that only grows. Another process,
-- or the same one after it was a replica, may have lost the end of it. So that is a new
-- term, with a word of its own; epochs begin with the word of their term, and whoever
-- appends to a log whose epoch is of another one goes on in a new epoch.
--
-- KEYS: the term
-- ARGV: what Redis is (its run id and its replication id), a fresh word

local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%w+ (.*)$') ~= ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[1])
end
return 0
