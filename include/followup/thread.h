/* thread.h - a thread beside the loop, which works when it is woken and says when it is done, and the lock over what the two share. */
#ifndef FOLLOWUP_THREAD_H
#define FOLLOWUP_THREAD_H

#include <pthread.h>
#include <stdbool.h>

struct thread {
	bool is_started; /* the owner's */
	bool is_ending;  /* under lock: it is to return */
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t wake, done;
};

/* Neither starts anything nor fails. */
void thread_prepare(struct thread *thread);
/* Signals stay those of the threads before it. False: there can be none. */
bool thread_start(struct thread *thread, void *(*work)(void *context), void *context);
/* It returns when it has seen is_ending; one that was never started has ended. It may be started again. */
void thread_end(struct thread *thread);
void thread_destroy(struct thread *thread);

/* Without lock and key: whatever goes wrong with these is a mistake of the program, and ends it. */
void thread_lock(struct thread *thread);
void thread_unlock(struct thread *thread);

/* Under lock: until the owner wakes it, or it tells the owner that it has done something; asked again by whoever waits, for either may be woken for nothing. */
void thread_sleep(struct thread *thread);
void thread_wake(struct thread *thread);
void thread_await(struct thread *thread);
void thread_tell(struct thread *thread);

#endif
