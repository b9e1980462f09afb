package broken

var _ = undefinedName
