-- Lives in a partition, held in a hash: life → the number of its last change of presence
-- there, or `ended MS` and when that was written. What comes late of a life that is over
-- finds it so.

-- For how long it is remembered that a life is over, in milliseconds: longer than anything is under way.
local ENDED_MS = 600000

-- The number of a life's last change; nothing where it is over.
local function change_of(state)
  if not state then return 0 end
  return tonumber(string.match(state, '^%d+$') or nil)
end
