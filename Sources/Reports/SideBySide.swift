/// A question and two lists of answers to it beside each other, folded away behind the question.
public struct SideBySide: Sendable, Equatable {
    /// An answer.
    public struct Entry: Sendable, Equatable {
        /// Its place in the list, or a dash.
        public let rank: String
        /// Its text, or the beginning.
        public let text: String
        /// Whether it is one of those that were looked for.
        public let isRelevant: Bool

        /// An answer.
        public init(rank: String, text: String, isRelevant: Bool) {
            (self.rank, self.text, self.isRelevant) = (rank, text, isRelevant)
        }
    }

    /// Answers of one side.
    public struct List: Sendable, Equatable {
        /// Whose they are.
        public let title: String
        /// The answers, best first.
        public let entries: [Entry]

        /// A list of answers.
        public init(_ title: String, _ entries: [Entry]) {
            (self.title, self.entries) = (title, entries)
        }
    }

    /// What was asked.
    public let question: String
    /// How the sides differ, from the first to the second.
    public let change: String
    /// The difference; its sign decides the colour.
    public let difference: Double
    /// The sides.
    public let lists: [List]
    /// Whether it is unfolded.
    public let isOpen: Bool

    /// Two or more lists for a question.
    public init(_ question: String, change: String, difference: Double, lists: [List], isOpen: Bool = false) {
        (self.question, self.change, self.difference) = (question, change, difference)
        (self.lists, self.isOpen) = (lists, isOpen)
    }

    /// The lists as an element of a page.
    public var markup: Markup {
        let tone = difference > 0 ? "gain" : difference < 0 ? "loss" : "same"
        let summary = Markup.element(
            "summary", [:],
            [
                .element("span", ["class": "what", "dir": "auto"], question),
                .element(
                    "span", ["class": "change"],
                    [.text(change + "  "), .element("b", ["class": tone], Figures.signed(difference, 3))]),
            ])
        let sides = lists.map { list in
            Markup.element(
                "section", [:],
                [.element("h4", [:], list.title), .element("ol", [:], list.entries.map(item))])
        }
        let content = [summary, .element("div", ["class": "pair"], sides)]
        return isOpen ? .element("details", ["open": "open"], content) : .element("details", [:], content)
    }

    private func item(_ entry: Entry) -> Markup {
        let mark = entry.isRelevant ? [Markup.element("span", ["class": "mark"], "✓ relevant "), .text(" ")] : []
        let content = [
            Markup.element("span", [:], entry.rank),
            .element("div", ["dir": "auto"], mark + [.text(entry.text)]),
        ]
        return entry.isRelevant ? .element("li", ["class": "relevant"], content) : .element("li", [:], content)
    }
}
