-- Puts a document in the place of another one that is still what it was: the version at the
-- beginning of its text says so.
--
-- KEYS: the document
-- ARGV: the version that is there; empty where there is to be none; the new text; empty where it goes
-- Gives whether it was done

local held = redis.call('GET', KEYS[1])
local version = held and string.match(held, '^%x+') or ''
if version ~= ARGV[1] then return { 0 } end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return { 1 }
