-- What is known of a partition as a whole: `word age seen redis`.
--   word    what the epochs of its rooms begin with in this term (see establish_term.lua)
--   age     for how many milliseconds somebody has been looking (see grow_older.lua)
--   seen    when that was last, by the clock
--   redis   which Redis the term belongs to

-- The word of the term; nothing before the first.
local function word_of(partition) return string.match(partition or '', '^%w*') end

-- What time is measured by that no clock's being set may end.
local function age_of(partition) return tonumber(string.match(partition or '', '^%w* (%d+)') or 0) end
