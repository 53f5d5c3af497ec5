-- Texts of messages, which edits change. The fields of a message stand in one order: who wrote
-- it, its text, when it was edited last, all that never changes (edit.rs of the protocol).

-- Where the text is in the fields of a message: its first and its last quote, and the end of
-- when it was edited last. A quote within a text has a backslash before it.
local function text_in(fields)
  local _, first = string.find(fields, '"},"text":"', 1, true)
  if not first then return nil end
  local at = first + 1
  while true do
    at = string.find(fields, '["\\]', at)
    if not at then return nil end
    if string.byte(fields, at) == 34 then break end
    at = at + 2
  end
  local _, edited = string.find(fields, '^,"edited_at":%d+', at + 1)
  return first, at, edited or at
end

-- What stands before the fields in the entry of a message, and these; nil where it is none.
local function parts_of_message(entry)
  local before, fields = string.match(entry, '^m(%d+[x%d]*n............):(.*)$')
  if before then return before, fields end
  return string.match(entry, '^m(%d+[x%d]*):(.*)$')
end

-- The number that the entry of an edit is about; nil where it is no edit.
local function target_of_edit(entry)
  if string.byte(entry) ~= 101 then return nil end -- an `e`
  return string.match(entry, '^e%d+[x%d]*n............:"target":(%d+)') or string.match(entry, '^e%d+[x%d]*:"target":(%d+)')
end
