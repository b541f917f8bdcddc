//! Batches handed out, finished in other orders, lost.

use super::super::LEAD;
use super::{Batch, Order, Task, Turns};

fn batch(task: usize, first: usize, cells: usize) -> Batch {
    Batch { task, first, cells }
}

/// Two tasks, of 10 and 6 cells; a cell of the second is twice the work.
fn turns(order: Order) -> Turns<Vec<usize>> {
    Turns::new(order, 4, [Task { cells: 10, weight: 1.0 }, Task { cells: 6, weight: 2.0 }])
}

/// Cells by their numbers.
fn cells(of: Batch) -> Vec<usize> {
    (of.first..of.first + of.cells).collect()
}

/// All that can be passed on, task by task.
fn taken(turns: &mut Turns<Vec<usize>>, into: &mut [Vec<usize>; 2]) {
    while let Some((batch, cells)) = turns.take() {
        assert_eq!(batch.cells, cells.len());
        into[batch.task].extend(cells);
    }
}

#[test]
fn scenarios_are_made_in_turns_and_wells_one_by_one() {
    let all = |order| {
        let mut turns = turns(order);
        assert_eq!(turns.left(), 5);
        std::iter::from_fn(|| turns.hand_out(LEAD)).collect::<Vec<_>>()
    };
    let by_turns = [batch(0, 0, 4), batch(1, 0, 4), batch(0, 4, 4), batch(1, 4, 2), batch(0, 8, 2)];
    assert_eq!(all(Order::Turns), by_turns);
    let one_by_one = [batch(0, 0, 4), batch(0, 4, 4), batch(0, 8, 2), batch(1, 0, 4), batch(1, 4, 2)];
    assert_eq!(all(Order::OneByOne), one_by_one);
}

#[test]
fn cells_are_passed_on_by_number_whatever_order_they_come_in() {
    // Every order in which three workers can finish five batches.
    for code in 0..120 {
        let mut turns = turns(Order::Turns);
        let mut out: Vec<(u32, Batch)> =
            (0..5).map(|place| (place % 3, turns.hand_out(place % 3).expect("five batches"))).collect();
        assert_eq!((turns.left(), turns.hand_out(7)), (0, None));
        let (mut passed, mut rest) = ([Vec::new(), Vec::new()], code);
        for n in (1..=5).rev() {
            let (who, batch) = out.remove(rest % n);
            rest /= n;
            turns.finish(who, batch, cells(batch));
            taken(&mut turns, &mut passed);
            // Nothing is passed on before what stands before it.
            passed.iter().for_each(|own| assert!(own.iter().enumerate().all(|(place, cell)| place == *cell)));
        }
        assert!(turns.is_done());
        assert_eq!((passed[0].len(), passed[1].len()), (10, 6));
    }
}

#[test]
fn what_a_lost_worker_had_is_written_by_others() {
    let mut turns = turns(Order::Turns);
    let first = turns.hand_out(LEAD).expect("a batch");
    let lost = [turns.hand_out(1), turns.hand_out(1)].map(|own| own.expect("a batch"));
    turns.advance(1, lost[0], 0.5);
    assert!((turns.done() - 4.0).abs() < 1e-12, "half of four cells of weight 2");
    turns.lose(1);
    assert_eq!((turns.done(), turns.left()), (0.0, 4));
    // What a worker that was taken for lost sends after all is made twice, and counts once.
    turns.finish(1, lost[0], cells(lost[0]));
    turns.advance(1, lost[1], 1.0);
    assert!(turns.take().is_none() && turns.done() == 0.0);
    turns.finish(LEAD, first, cells(first));
    let again = [turns.hand_out(2), turns.hand_out(LEAD)].map(|own| own.expect("a batch"));
    assert_eq!(again, [batch(0, 4, 4), batch(1, 0, 4)], "lost batches go first");
    for (who, batch) in [(2, again[0]), (LEAD, again[1])] {
        turns.finish(who, batch, cells(batch));
    }
    let mut passed = [Vec::new(), Vec::new()];
    while let Some(batch) = turns.hand_out(2) {
        turns.finish(2, batch, cells(batch));
    }
    taken(&mut turns, &mut passed);
    assert_eq!(passed, [(0..10).collect::<Vec<_>>(), (0..6).collect()]);
    assert!(turns.is_done());
}

#[test]
fn work_counts_cells_by_weight_and_steps_by_share() {
    let mut turns = turns(Order::Turns);
    let (own, other) = (turns.hand_out(LEAD).expect("a batch"), turns.hand_out(1).expect("a batch"));
    turns.advance(LEAD, own, 0.25);
    turns.advance(1, other, 0.5);
    assert!((turns.done() - (1.0 + 4.0)).abs() < 1e-12);
    assert!((turns.share_of(0) - 0.1).abs() < 1e-12 && (turns.share_of(1) - 2.0 / 6.0).abs() < 1e-12);
    turns.finish(1, other, cells(other));
    assert!((turns.done() - (1.0 + 8.0)).abs() < 1e-12, "finished cells count before they are passed on");
    assert!(!turns.is_done());
    assert!(Turns::<()>::new(Order::Turns, 4, []).is_done(), "nothing is wanted");
}
