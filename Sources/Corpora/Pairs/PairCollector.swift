internal import Files

/// A query before it is known whether the data set takes it.
struct PairCandidate {
    var kind: PairKind
    var text: String
    /// The passages that answer it, all on pages of the same split unless links lead apart.
    var places: [LinkResolver.Place]
}

/// Puts candidates into splits, and sees to it that no text is a query twice.
struct PairCollector {
    private(set) var queries: [Query] = []
    private(set) var judgements: [String: Relevance] = [:]
    private(set) var counts: [String: [PairKind: Int]] = [:]
    /// Candidates that became one query with another of the same text.
    private(set) var mergedCount = 0

    private let pages: [DocumentationPage]
    private let splits: [String]
    private let identifiers: [[String]]
    private let options: DocumentationOptions

    init(_ pages: [DocumentationPage], splits: [String], identifiers: [[String]], options: DocumentationOptions) {
        self.pages = pages
        self.splits = splits
        self.identifiers = identifiers
        self.options = options
    }

    /// A text, as one kind of query, in one split.
    private struct Entry {
        var candidate: PairCandidate
        var split: String
    }

    mutating func collect(_ candidates: [PairCandidate]) {
        var taken: [String: Set<String>] = [:]
        var entries: [Entry] = []
        for kind in PairKind.allCases {
            for entry in merged(candidates.filter { $0.kind == kind }) {
                let text = HeadingText.normalized(entry.candidate.text)
                if taken[entry.split, default: []].insert(text).inserted { entries.append(entry) }
            }
        }
        // What is asked in an evaluation split must not have been trained on, in whatever form.
        let test = taken[SplitName.test, default: []]
        let dev = taken[SplitName.dev, default: []]
        entries.removeAll { entry in
            let text = HeadingText.normalized(entry.candidate.text)
            switch entry.split {
            case SplitName.test: return false
            case SplitName.dev: return test.contains(text)
            default: return test.contains(text) || dev.contains(text)
            }
        }
        entries.sort { ($0.candidate.places[0], order($0)) < ($1.candidate.places[0], order($1)) }
        var used: [String: Int] = [:]
        for entry in entries { add(entry, &used) }
    }

    private func order(_ entry: Entry) -> Int { PairKind.allCases.firstIndex(of: entry.candidate.kind) ?? 0 }

    /// Candidates of one kind, those of the same text as one.
    ///
    /// A text that is a query in several splits belongs, with all its answers, to the most protected of them where it
    /// is a heading or made of one; of the other kinds it is left out, since such texts mean many things.
    private mutating func merged(_ candidates: [PairCandidate]) -> [Entry] {
        var merged: [PairCandidate] = []
        var position: [String: Int] = [:]
        for candidate in candidates {
            let text = HeadingText.normalized(candidate.text)
            if let index = position[text] {
                merged[index].places += candidate.places
                mergedCount += 1
            } else {
                position[text] = merged.count
                merged.append(candidate)
            }
        }
        return merged.compactMap { candidate in
            var candidate = candidate
            candidate.places = Array(Set(candidate.places)).sorted()
            let found = Set(candidate.places.map { splits[$0.page] })
            let isHeading = candidate.kind == .heading || candidate.kind == .question
            guard found.count == 1 || isHeading else { return nil }
            let split =
                [SplitName.test, SplitName.dev, SplitName.train].first(where: found.contains) ?? SplitName.train
            return Entry(candidate: candidate, split: split)
        }
    }

    private mutating func add(_ entry: Entry, _ used: inout [String: Int]) {
        var documents: [String] = []
        for place in entry.candidate.places {
            let identifier = identifiers[place.page][place.passage]
            if !documents.contains(identifier) { documents.append(identifier) }
        }
        let kind = entry.candidate.kind
        let isTraining = entry.split == SplitName.train
        if isTraining { documents = Array(documents.prefix(options.positivesPerTrainingQuery)) }
        let first = entry.candidate.places[0]
        let stem = "\(kind.rawValue):\(pages[first.page].passages[first.passage].id)"
        used[stem, default: 0] += 1
        let number = used[stem, default: 1]
        let id = number == 1 ? stem : "\(stem).\(number)"
        queries.append(Query(id: id, text: entry.candidate.text, metadata: ["kind": .string(kind.rawValue)]))
        let split = isTraining ? entry.split : kind.evaluationSplit(entry.split)
        for document in documents { judgements[split, default: [:]][id, default: [:]][document] = 1 }
        counts[split, default: [:]][kind, default: 0] += 1
    }
}
