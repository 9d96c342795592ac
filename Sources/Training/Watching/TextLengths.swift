internal import Encoders
internal import Tokenization

/// How long the texts of a run are, and how many of them are cut.
struct TextLengths: Sendable {
    /// What texts of a role are called, and the tokens of each distinct one before anything is cut.
    let kinds: [(name: String, lengths: [Int])]
    /// The tokens that a text is cut to.
    let limit: Int
    /// The most tokens that the model can be given.
    let mostPossible: Int

    /// How many texts are cut.
    var cutCount: Int { kinds.reduce(0) { $0 + $1.lengths.count { $0 > limit } } }
    /// How many texts there are.
    var count: Int { kinds.reduce(0) { $0 + $1.lengths.count } }
    /// The share of all tokens that no text's vector knows of.
    var lostShare: Double {
        let all = kinds.flatMap(\.lengths)
        let total = all.reduce(0, +)
        return total == 0 ? 0 : Double(all.reduce(0) { $0 + max(0, $1 - limit) }) / Double(total)
    }

    /// The lowest limit that leaves at least a share of the texts whole.
    func limit(keeping share: Double) -> Int {
        let all = kinds.flatMap(\.lengths).sorted()
        guard !all.isEmpty else { return limit }
        return all[min(all.count - 1, Int((Double(all.count) * share).rounded(.up)) - 1)]
    }

    init(kinds: [(name: String, lengths: [Int])], limit: Int, mostPossible: Int = .max) {
        (self.kinds, self.limit, self.mostPossible) = (kinds, limit, mostPossible)
    }

    /// Those of a trainer's data: its texts are tokenized once more, without the limit.
    init(of trainer: Trainer) {
        let encoder = trainer.encoder
        let tokenizer = encoder.model.tokenizer
        let texts = Set(trainer.sets.flatMap(\.texts))
        kinds = [("anchors", TokenizedData.Role.anchor), ("documents", .document), ("texts", .plain)].compactMap {
            name, role in
            let prompt = encoder.prompt(of: role)
            let lengths = texts.filter { $0.role == role }.map { tokenizer.countTokens(in: prompt + $0.text) }
            return lengths.isEmpty ? nil : (name, lengths.sorted())
        }
        limit = trainer.settings.maxLength ?? encoder.maxLength
        mostPossible = encoder.model.allowedLengths.upperBound
    }
}
