/// TemplateProcessing: one list of pieces for a text, one for two texts.
extension ComponentDescription {
    func templateProcessing() throws(TokenizationError) -> PostProcessor {
        var special: [String: [Int32]] = [:]
        for (name, description) in try members("special_tokens") {
            special[name] = try description.ids()
        }
        let single = try template("single", special: special)
        for piece in single.pieces {
            if case .second = piece { throw malformed("'single' refers to a second text") }
        }
        return PostProcessor(single: single, pair: try template("pair", special: special))
    }

    private func template(_ name: String, special: [String: [Int32]]) throws(TokenizationError) -> Template {
        var pieces: [Template.Piece] = []
        for description in try elements(name) { pieces.append(try description.piece(special: special)) }
        return Template(pieces)
    }

    private func piece(special: [String: [Int32]]) throws(TokenizationError) -> Template.Piece {
        if let token = member("SpecialToken") {
            let name = try token.string("id")
            guard let ids = special[name] else {
                throw token.malformed("the special token '\(name)' is not among special_tokens")
            }
            return .ids(ids, typeID: try token.index("type_id"))
        }
        guard let sequence = member("Sequence") else { throw malformed("'SpecialToken' or 'Sequence' expected") }
        let typeID = try sequence.index("type_id")
        switch try sequence.string("id") {
        case "A": return .first(typeID: typeID)
        case "B": return .second(typeID: typeID)
        case let id: throw sequence.malformed("the sequence 'A' or 'B' expected, '\(id)' found")
        }
    }

    /// The `ids` of a special token.
    private func ids() throws(TokenizationError) -> [Int32] {
        var ids: [Int32] = []
        for element in try elements("ids") { ids.append(try element.tokenID()) }
        return ids
    }
}
