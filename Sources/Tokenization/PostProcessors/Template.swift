/// How special tokens are put around the ids of one text, or of two: the last stage of a tokenizer.
struct Template: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        /// Special tokens.
        case ids([Int32], typeID: Int32)
        /// The ids of the first text.
        case first(typeID: Int32)
        /// The ids of the second text.
        case second(typeID: Int32)
    }

    let pieces: [Piece]

    /// How many special tokens it adds.
    let addedCount: Int

    /// The special tokens before and after the first text, where that is all that there is.
    let surroundings: (leading: [Int32], trailing: [Int32])?

    init(_ pieces: [Piece]) {
        self.pieces = pieces
        surroundings = Template.surroundings(of: pieces)
        addedCount = pieces.reduce(0) { count, piece in
            if case .ids(let ids, _) = piece { count + ids.count } else { count }
        }
    }

    /// Without special tokens.
    static let single = Template([.first(typeID: 0)])

    /// Without special tokens.
    static let pair = Template([.first(typeID: 0), .second(typeID: 1)])

    static func == (first: Template, second: Template) -> Bool { first.pieces == second.pieces }

    private static func surroundings(of pieces: [Piece]) -> (leading: [Int32], trailing: [Int32])? {
        var sides: [[Int32]] = [[]]
        for piece in pieces {
            switch piece {
            case .ids(let ids, _): sides[sides.count - 1] += ids
            case .first: sides.append([])
            case .second: return nil
            }
        }
        return sides.count == 2 ? (sides[0], sides[1]) : nil
    }

    /// The ids of one text with special tokens, or without.
    func ids(of first: [Int32], addingSpecialTokens: Bool) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(first.count + addedCount)
        for piece in pieces {
            switch piece {
            case .ids(let ids, _): if addingSpecialTokens { result.append(contentsOf: ids) }
            case .first: result.append(contentsOf: first)
            case .second: break
            }
        }
        return result
    }

    /// The ids and type ids of two texts with special tokens, or without.
    func encoding(of first: [Int32], _ second: [Int32], addingSpecialTokens: Bool) -> PairEncoding {
        var result = PairEncoding(ids: [], typeIDs: [])
        for piece in pieces {
            switch piece {
            case .ids(let ids, let typeID): if addingSpecialTokens { result.append(ids, typeID: typeID) }
            case .first(let typeID): result.append(first, typeID: typeID)
            case .second(let typeID): result.append(second, typeID: typeID)
            }
        }
        return result
    }
}
