-- Who reacted to messages of a room: a sorted set of `number emoji user`, all with the score 0, so
-- that those of a message stand together, and in it those of an emoji. The numbers have 16 digits.

-- So many are forgotten at once, so that no call is long.
local REACTIONS_AT_ONCE = 1000

local function has_reactions(room)
  local _, letters = kind_of(room)
  return string.find(letters, 'e', 1, true) ~= nil
end

-- Forgets who reacted to a message.
local function forget_reactions_to(room, reactors, seq)
  if not has_reactions(room) then return end
  redis.call('ZREMRANGEBYLEX', reactors, string.format('[%016d', seq), string.format('(%016d', seq + 1))
end

-- Forgets who reacted to messages that are not there any more, or some of them.
local function forget_reactions(room, reactors)
  if not has_reactions(room) then return end
  local below = string.format('(%016d', room.text + 1)
  local gone = redis.call('ZRANGEBYLEX', reactors, '-', below, 'LIMIT', 0, REACTIONS_AT_ONCE)
  if #gone > 0 then redis.call('ZREM', reactors, unpack(gone)) end
end
