enum PlainTextReader { static func read(_ s: [UInt8]) -> ParsedDocument { ParsedDocument() } }
